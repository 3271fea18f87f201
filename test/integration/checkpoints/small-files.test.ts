import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkpointFiles, writeTar } from "./archives.ts";
import { mebibyte, startWorld, type World } from "./server.ts";

let world: World;

beforeEach(async () => {
  world = await startWorld();
});
afterEach(async () => {
  expect(world.defects).toEqual([]);
  await world.close();
});

describe("small files", () => {
  it("are sent while the parts of large ones are, not only after them", async () => {
    const small = Array.from({ length: 200 }, (_, index) => ({
      path: `assets/${index}.bin`,
      content: Buffer.from("x"),
    }));
    const files = [...checkpointFiles("laguna", 50 * mebibyte), ...small];
    const path = writeTar(world.workspace, "laguna_m_2611.tar", files);
    const inputs = { checkpoints: `laguna-m=${path}`, "part-size": "5MiB", concurrency: "4" };
    const ended = await world.sync(inputs);
    expect(ended.failure).toBeUndefined();
    expect(world.s3.list("models")).toHaveLength(files.length + 1);
    const parts = ended.writes.flatMap((name, at) => (name === "UploadPart" ? [at] : []));
    expect(parts.length).toBeGreaterThanOrEqual(10);
    const between = ended.writes.slice(parts[2], parts[7]).filter((name) => name === "PutObject");
    expect(between.length).toBeGreaterThan(0);
  });
});
