import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checksumOf } from "../../../sandbox/s3/checksums/algorithms.ts";
import { checkpointFiles, checkpointTar } from "./archives.ts";
import { type Ended, mebibyte, startWorld, type World } from "./server.ts";

let world: World;
const files = checkpointFiles("laguna", 12 * mebibyte);
const tar = checkpointTar(files);
const base = "checkpoints/laguna-m/laguna_m";

beforeEach(async () => {
  world = await startWorld();
});
afterEach(async () => {
  expect(world.defects).toEqual([]);
  await world.close();
});

const sync = (more: Readonly<Record<string, string>> = {}) =>
  world.sync({ checkpoints: "laguna-m=s3://models/in/laguna_m.tar", ...more });

function expectThere(ended: Ended): void {
  expect(ended.failure).toBeUndefined();
  for (const file of files) expect(world.s3.read("models", `${base}/${file.path}`)?.equals(file.content!)).toBe(true);
  expect(world.s3.uploads("models")).toEqual([]);
}

describe("a tar that lies in S3", () => {
  it.each(["CRC64NVME", "CRC32"] as const)("is unpacked there, and proven by its own %s", async (algorithm) => {
    const checksum = { algorithm, type: "FULL_OBJECT", value: checksumOf(algorithm, [tar]) } as const;
    world.s3.put("models", "in/laguna_m.tar", tar, { checksum });
    const ended = await sync();
    expectThere(ended);
    expect(ended.writes.filter((name) => name === "UploadPartCopy")).toHaveLength(1);
    expect(ended.writes).not.toContain("UploadPart");
    const again = await sync();
    expect(again).toMatchObject({ writes: [], outputs: { "plan-sha256": ended.outputs["plan-sha256"] } });
  });

  it("passes through the runner where its checksum is one of parts only", async () => {
    const checksum = { algorithm: "CRC32", type: "COMPOSITE", value: "AAAAAA==-2" } as const;
    world.s3.put("models", "in/laguna_m.tar", tar, { checksum });
    const ended = await sync();
    expectThere(ended);
    expect(ended.writes).not.toContain("UploadPartCopy");
  });

  it("is not called complete when the copies do not combine to its checksum", async () => {
    const checksum = { algorithm: "CRC64NVME", type: "FULL_OBJECT", value: "AAAAAAAAAAA=" } as const;
    world.s3.put("models", "in/laguna_m.tar", tar, { checksum });
    const ended = await sync();
    expect(ended.failure?.code).toBe("CHECKPOINT_CHECKSUM");
    expect(world.s3.read("models", `${base}/.eks-deploy/manifest.json`)).toBeUndefined();
  });

  it("is refused when it changes meanwhile", async () => {
    world.s3.put("models", "in/laguna_m.tar", tar);
    const run = () =>
      void world.s3.put("models", "in/laguna_m.tar", checkpointTar(checkpointFiles("x", 12 * mebibyte)));
    world.ground.faults.add({ service: "s3", operation: "UploadPartCopy", effect: { kind: "hook", run } });
    const ended = await sync();
    expect(ended.failure?.code).toMatch(/CHANGED$/);
    expect(world.s3.read("models", `${base}/.eks-deploy/manifest.json`)).toBeUndefined();
  });

  it("survives lost answers, and ends in the same state after an interruption", async () => {
    world.s3.put("models", "in/laguna_m.tar", tar);
    for (const operation of ["UploadPartCopy", "CompleteMultipartUpload", "CreateMultipartUpload"])
      world.ground.faults.add({ service: "s3", operation, effect: { kind: "reset", after: true } });
    expectThere(await sync());
    for (const { key } of world.s3.list("models", "checkpoints/")) world.s3.bucket("models").delete(key);
    world.ground.faults.add({
      service: "s3",
      operation: "CompleteMultipartUpload",
      times: 100,
      effect: { kind: "reset" },
    });
    expect((await sync()).outcome).toBe("failed");
    world.ground.faults.clear();
    expectThere(await sync());
  });
});
