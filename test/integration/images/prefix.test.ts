import { afterEach, beforeEach, expect, it } from "vitest";
import { ociArchive } from "../../../sandbox/sample/image.ts";
import { connectAws } from "../../../src/aws/session.ts";
import { contentOf } from "../../../src/bundle/files.ts";
import { openPrefixBundle } from "../../../src/images/prefix-bundle.ts";
import { fakeClock, testContext } from "../../support/context.ts";
import { account, region, startWorld, type World } from "../checkpoints/server.ts";

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(async () => {
  await world.close();
  expect(world.defects).toEqual([]);
});

it("a bundle below a prefix is read where its bucket lies, also in another region", async () => {
  const archive = ociArchive("1", []);
  world.s3.addBucket({ name: "faraway", region: "eu-west-1", owner: account });
  world.s3.put("faraway", "2611/containers/atlas__1.tar", archive);
  const ctx = testContext({ clock: fakeClock(Date.now()), ambient: { region } });
  const aws = await connectAws({ region, accountId: undefined, role: undefined }, ctx);
  const ref = { kind: "s3", bucket: "faraway", key: "2611/", label: "s3://faraway/2611/" } as const;
  const { archives, close } = await openPrefixBundle(ref, { aws, ctx });
  expect(archives.map(({ name, source }) => [name.image, source.size])).toEqual([["atlas", archive.length]]);
  const [{ source }] = archives as [(typeof archives)[0]];
  const file = { path: "", size: source.size, mode: 0, open: async () => source };
  expect(await contentOf(file, ctx.signal)).toEqual(archive);
  await close();
});
