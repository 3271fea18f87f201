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

const files = checkpointFiles("laguna", 12 * mebibyte);

describe("sync-checkpoints", () => {
  it("unpacks a tar into a versioned prefix, large files in parts, and writes the manifest last", async () => {
    const path = writeTar(world.workspace, "laguna_m_2611.tar", files);
    const ended = await world.sync({ checkpoints: `laguna-m=${path}`, "part-size": "5MiB" });
    expect(ended.failure).toBeUndefined();
    for (const file of files)
      expect(world.s3.read("models", `checkpoints/laguna-m/laguna_m_2611/${file.path}`)).toEqual(file.content);
    expect(world.s3.list("models").map((object) => object.key)).toHaveLength(files.length + 1);
    expect(ended.writes.filter((name) => name === "UploadPart")).toHaveLength(3);
    expect(ended.writes.at(-1)).toBe("PutObject");
    expect(JSON.parse(ended.outputs["prefixes"]!)).toEqual({
      "laguna-m": "s3://models/checkpoints/laguna-m/laguna_m_2611",
    });
    expect(JSON.parse(ended.outputs["manifests"]!)["laguna-m"]).toMatchObject({
      files: 4,
      parameters: 6 * mebibyte,
    });
  });

  it("writes nothing in a second run, and needs one listing", async () => {
    const path = writeTar(world.workspace, "laguna_m_2611.tar", files);
    const inputs = { checkpoints: `laguna-m=${path}`, "part-size": "5MiB" };
    const first = await world.sync(inputs);
    const second = await world.sync(inputs);
    expect(second.outcome).toBe("done");
    expect(second.writes).toEqual([]);
    expect(second.requests.filter((name) => name === "ListObjectsV2")).toHaveLength(1);
    expect(second.outputs).toMatchObject({
      changed: "false",
      changes: "0",
      "plan-sha256": first.outputs["plan-sha256"],
      prefixes: first.outputs["prefixes"],
      manifests: first.outputs["manifests"],
      "checkpoints-bytes-uploaded": "0",
      "checkpoints-bytes-total": first.outputs["checkpoints-bytes-total"],
    });
  });
});
