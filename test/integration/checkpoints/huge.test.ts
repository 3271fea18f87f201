import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { tarOf } from "../../../sandbox/sample/tar.ts";
import { mebibyte, startWorld, type World } from "./server.ts";

let world: World;

beforeEach(async () => {
  world = await startWorld();
});
afterEach(async () => {
  expect(world.defects).toEqual([]);
  await world.close();
});

const gibibyte = 1_024 * mebibyte;

/** Header of a file of this size, which octal digits cannot say: base-256, as GNU tar writes it. */
function headerOf(path: string, size: number): Buffer {
  const bytes = tarOf([{ path, content: Buffer.alloc(0) }]).subarray(0, 512);
  bytes.fill(0, 124, 136);
  bytes[124] = 0x80;
  bytes.writeBigUInt64BE(BigInt(size), 128);
  bytes.fill(" ", 148, 156);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\u0000 `, 148);
  return bytes;
}

describe("an archive of 200 GiB", () => {
  it("is planned from its headers, with its exact size and parameters, in little memory", async () => {
    const elements = 100 * gibibyte;
    const text = Buffer.from(
      JSON.stringify({ w: { dtype: "BF16", shape: [elements], data_offsets: [0, 2 * elements] } }),
    );
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    const size = 8 + text.length + 2 * elements;
    const file = openSync(join(world.workspace, "huge.tar"), "w");
    const start = tarOf([{ path: "l" }, { path: "l/config.json", content: Buffer.from("{}") }]).subarray(0, 3 * 512);
    writeSync(file, Buffer.concat([start, headerOf("l/model.safetensors", size), length, text]));
    ftruncateSync(file, start.length + 512 + Math.ceil(size / 512) * 512 + 1_024);
    closeSync(file);
    const before = process.memoryUsage().rss;
    const plan = await world.sync({ checkpoints: "laguna-m=./huge.tar", "dry-run": "true" });
    expect(plan.failure).toBeUndefined();
    expect(plan.writes).toEqual([]);
    expect(plan.outputs["checkpoints-bytes-total"]).toBe(String(size + 2));
    expect(plan.outputs["headline"]).toContain("200.0 GiB");
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * mebibyte);
  });
});
