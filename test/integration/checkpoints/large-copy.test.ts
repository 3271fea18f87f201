import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checksumOf } from "../../../sandbox/s3/checksums/algorithms.ts";
import { Bytes, type Content, Joined, Repeating } from "../../../sandbox/s3/content.ts";
import { tarOf } from "../../../sandbox/sample/tar.ts";
import { account, mebibyte, region, startWorld, type World } from "./server.ts";

let world: World;
const gibibyte = 1_024 * mebibyte;
const period = randomBytes(mebibyte - 1);

beforeEach(async () => {
  world = await startWorld();
  // ETags of objects under a KMS key are no MD5: what the sandbox need not compute makes the test short.
  const key = world.kms.add({});
  const encryption = { algorithm: "aws:kms", keyArn: key.arn, bucketKey: false } as const;
  world.s3.addBucket({ name: "large", region, owner: account, encryption });
});
afterEach(async () => {
  expect(world.defects).toEqual([]);
  await world.close();
});

/** A safetensors file of one tensor, a little larger than S3 copies in one request. */
function weights(): Content {
  const data = 5 * gibibyte + 1_234_567;
  const text = JSON.stringify({ w: { dtype: "U8", shape: [data], data_offsets: [0, data] } });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return new Joined([new Bytes([length, Buffer.from(text)]), new Repeating(period, data)]);
}

function put(bucket: string, key: string, content: Content): void {
  const value = checksumOf("CRC32", content.slice(0, content.size));
  world.s3.put(bucket, key, "", { content, checksum: { algorithm: "CRC32", type: "FULL_OBJECT", value } });
}

/**
 * The object was made of parts that S3 takes, and each of its bytes is the source's: the checksum is of what the copied ranges held, one after the other, and a range that begins or
 * ends elsewhere holds other bytes.
 */
function expectCopied(key: string, content: Content): void {
  const stored = world.s3.bucket("large").get(key)!;
  expect(stored.content.size).toBe(content.size);
  const sizes = stored.parts!.map(({ size }) => size);
  expect(sizes.length).toBeGreaterThan(1);
  for (const size of sizes) expect(size).toBeLessThanOrEqual(5 * gibibyte);
  for (const size of sizes.slice(0, -1)) expect(size).toBeGreaterThanOrEqual(5 * mebibyte);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(content.size);
  const value = checksumOf("CRC32", content.slice(0, content.size));
  expect(checksumOf("CRC32", stored.content.slice(0, content.size))).toBe(value);
  expect(stored.checksum).toMatchObject({ algorithm: "CRC32", type: "FULL_OBJECT", value });
  expect(world.ground.requests.all.filter(({ name }) => name === "UploadPart")).toEqual([]);
}

describe("a file above 5 GiB that lies in S3", () => {
  it("is copied in ranges that cover it exactly, from another prefix", { timeout: 120_000 }, async () => {
    const content = weights();
    put("models", "from/laguna/model.safetensors", content);
    world.s3.put("models", "from/laguna/config.json", "{}");
    const ended = await world.sync({ checkpoints: "laguna-m=s3://models/from/laguna/", bucket: "large" });
    expect(ended.failure).toBeUndefined();
    expectCopied("checkpoints/laguna-m/laguna/model.safetensors", content);
  });

  it("is unpacked from its archive there in ranges that cover it exactly", { timeout: 120_000 }, async () => {
    const content = weights();
    const before = tarOf([{ path: "l/config.json", content: Buffer.from("{}") }]).subarray(0, 1_024);
    const end = Buffer.alloc(((512 - (content.size % 512)) % 512) + 1_024);
    const header = octalHeader("l/model.safetensors", content.size);
    put("models", "in/laguna.tar", new Joined([new Bytes([before, header]), content, new Bytes([end])]));
    const ended = await world.sync({ checkpoints: "laguna-m=s3://models/in/laguna.tar", bucket: "large" });
    expect(ended.failure).toBeUndefined();
    expectCopied("checkpoints/laguna-m/laguna/model.safetensors", content);
  });
});

/** Header of a file of up to 8 GiB. */
function octalHeader(path: string, size: number): Buffer {
  const bytes = tarOf([{ path, content: Buffer.alloc(0) }]).subarray(0, 512);
  bytes.write(`${size.toString(8).padStart(11, "0")}\u0000`, 124);
  bytes.fill(" ", 148, 156);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\u0000 `, 148);
  return bytes;
}
