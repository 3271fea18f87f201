import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sampleTags, writeSampleBundle } from "../../sandbox/sample/bundle.ts";
import type { PlacedImage } from "../../src/images/plan.ts";
import { crane } from "../software.ts";
import { run } from "../tools/run.ts";
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
