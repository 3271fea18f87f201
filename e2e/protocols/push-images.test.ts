import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sampleTags, writeSampleBundle } from "../../sandbox/sample/bundle.ts";
import type { PlacedImage } from "../../src/images/plan.ts";
import { crane } from "../software.ts";
import { outcomeOf, run } from "../tools/run.ts";
import { type PushWorld, startPushWorld } from "./push-world.ts";

let world: PushWorld;

beforeAll(async () => {
  world = await startPushWorld("distribution");
});

afterAll(async () => {
  await world?.close();
  expect(world?.defects).toEqual([]);
});

const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex");

it("pushes a bundle into a registry that others wrote, where another client finds every byte under the same digests", async () => {
  const { folder, host, password } = world;
  writeSampleBundle(join(folder, "bundle"));
  const first = await world.push({ bundle: "./bundle" });
  expect(first.failures).toEqual([]);
  const images = JSON.parse(first.outputs["images"]!) as Record<string, PlacedImage>;
  expect(Object.keys(images)).toEqual(["atlas", "public-docs"]);
  expect(first.outputs["images-bytes-uploaded"]).not.toBe("0");

  const program = await crane.get();
  const env = { DOCKER_CONFIG: join(folder, "crane") };
  const login = ["auth", "login", host, "-u", "AWS", "-p", password];
  await run(program, login, { env });
  for (const [name, tag] of [
    ["atlas", sampleTags.atlas],
    ["public-docs", sampleTags.docs],
  ] as const) {
    const reference = `${host}/${name}:${tag}`;
    const digest = await run(program, ["digest", "--insecure", reference], { env });
    expect(digest.trim()).toBe(images[name]!.digest);
    expect(images[name]!.uri).toContain(host);
    const pulled = join(folder, `pulled-${name}`);
    await run(program, ["pull", "--insecure", "--format=oci", reference, pulled], { env });
    const blobs = readdirSync(join(pulled, "blobs/sha256"));
    for (const blob of blobs) expect(sha256(readFileSync(join(pulled, "blobs/sha256", blob)))).toBe(blob);
    expect(blobs).toContain(images[name]!.digest.replace("sha256:", ""));
    expect(blobs.length).toBeGreaterThanOrEqual(4);
  }
});

it("uploads nothing the second time", async () => {
  const second = await world.push({ bundle: "./bundle" });
  expect(second.failures).toEqual([]);
  expect(second.outputs).toMatchObject({ changes: "0", changed: "false", "images-bytes-uploaded": "0" });
});

it("finds one wrong byte of a layer itself, and leaves no tag in the other registry", async () => {
  const { folder, host, password } = world;
  writeSampleBundle(join(folder, "damaged"));
  flipLayer(join(folder, "damaged/containers", `atlas__${sampleTags.atlas}.tar`));
  const damaged = await world.push({ bundle: "./damaged", images: "atlas", "repository-prefix": "damaged/" });
  expect(damaged.failures).toMatchObject([{ code: "LAYER_DAMAGED" }]);
  const env = { DOCKER_CONFIG: join(folder, "crane") };
  const program = await crane.get();
  await outcomeOf(program, ["auth", "login", host, "-u", "AWS", "-p", password], { env });
  const asked = await outcomeOf(program, ["digest", "--insecure", `${host}/damaged/atlas:${sampleTags.atlas}`], {
    env,
  });
  expect(asked.stderr).toMatch(/NAME_UNKNOWN|MANIFEST_UNKNOWN|404/);
});

/** Changes a byte in the largest member of an image archive, which is a layer. */
function flipLayer(path: string): void {
  const archive = readFileSync(path);
  let layer = { at: 0, size: 0 };
  for (let at = 0; archive[at]; ) {
    const size = Number.parseInt(archive.toString("latin1", at + 124, at + 135), 8);
    if (size > layer.size) layer = { at: at + 512, size };
    at += 512 + Math.ceil(size / 512) * 512;
  }
  archive[layer.at + Math.floor(layer.size / 2)]! ^= 1;
  writeFileSync(path, archive);
}
