import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { safetensors } from "../../../sandbox/sample/checkpoints.ts";
import { lintFiles } from "../../../src/checkpoints/lint.ts";
import { headerLength, readTensors } from "../../../src/checkpoints/safetensors.ts";
import { memory } from "./memory.ts";

const good = safetensors(
  [
    { name: "a", shape: [3, 5] },
    { name: "b", shape: [7] },
  ],
  "seed",
);

const lint = (content: Buffer) =>
  lintFiles(
    [{ path: "model.safetensors", size: content.length, bytes: memory(content) }],
    new AbortController().signal,
  );

/** A file with this header and so many bytes of data. */
function fileOf(header: unknown, data: number): Buffer {
  const text = Buffer.isBuffer(header)
    ? header
    : Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(data)]);
}
const tensor = (begin: number, end: number, dtype = "U8", shape = [end - begin]) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});
const twice = (one: string, other: string) =>
  `{${[one, other].map((name) => `${name}:${JSON.stringify(tensor(0, 4))}`).join()}}`;

describe("the lint of safetensors files", () => {
  it("counts parameters over all files", async () => {
    await expect(lint(good)).resolves.toEqual({ parameters: 22, safetensors: 1 });
  });

  it("refuses a file that is cut anywhere", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: good.length - 1 }), async (size) => {
        await expect(lint(good.subarray(0, size))).rejects.toMatchObject({ code: "SAFETENSORS_INVALID" });
      }),
    );
  });

  it("refuses a file with something behind its end", async () => {
    await expect(lint(Buffer.concat([good, Buffer.from([0])]))).rejects.toMatchObject({ code: "SAFETENSORS_INVALID" });
  });

  it.each([
    ["a gap between tensors", { a: tensor(0, 4), b: tensor(5, 8) }, 8],
    ["an overlap", { a: tensor(0, 4), b: tensor(3, 8) }, 8],
    ["a tensor that begins behind the start", { a: tensor(1, 8) }, 8],
    ["data that no tensor covers", { a: tensor(0, 4) }, 8],
    ["a shape that needs other bytes", { a: tensor(0, 8, "F32", [3]) }, 8],
    ["an end before its beginning", { a: tensor(8, 0) }, 8],
    ["no offsets", { a: { dtype: "U8", shape: [8] } }, 8],
    ["a negative size", { a: tensor(0, 8, "U8", [-8]) }, 8],
    ["a tensor that is no map", { a: 1 }, 8],
    ["a header that is a list", [], 0],
    ["a header that is no JSON", "{", 0],
    ["a header that is no UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), 0],
    ["a header that begins with a space", " {}", 0],
    ["a header that begins with a byte order mark", "\ufeff{}", 0],
    ["a tensor twice", twice('"a"', '"a"'), 4],
    ["a tensor twice, in two spellings", twice('"a"', '"\\u0061"'), 4],
    ["a type twice", '{"a":{"dtype":"F32","dtype":"U8","shape":[4],"data_offsets":[0,4]}}', 4],
    ["metadata twice", '{"__metadata__":{},"__metadata__":{"a":"b"}}', 0],
    ["metadata that are no texts", { __metadata__: { a: 1 } }, 0],
    ["metadata that are no map", { __metadata__: [] }, 0],
    ["elements that do not fill a byte", { a: tensor(0, 2, "F4", [3]) }, 2],
    ["a header that is nested without end", `{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}`, 0],
    ["more elements than can be", { a: tensor(0, 4, "NEW", [2 ** 52, 2 ** 52]) }, 4],
    ["a type without a name", { a: tensor(0, 4, "") }, 4],
  ])("refuses %s", async (_, header, data) => {
    await expect(lint(fileOf(header, data))).rejects.toMatchObject({ code: "SAFETENSORS_INVALID" });
  });

  it.each([
    ["metadata and no tensor", { __metadata__: { format: "pt" } }, 0],
    [
      "spaces behind the header, and names with colons, quotes and backslashes",
      '{"a:\\"\\\\":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}   ',
      1,
    ],
    [
      "a tensor that is named as an object's inside",
      '{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
      1,
    ],
    ["tensors without bytes", { a: tensor(0, 0), b: tensor(0, 4), c: tensor(4, 4) }, 4],
    ["half bytes", { a: tensor(0, 2, "F4", [4]) }, 2],
    ["a type that is newer than this tool", { a: tensor(0, 4, "F9_NEW", [100]) }, 4],
    ["tensors in another order than their data", { a: tensor(4, 8), b: tensor(0, 4) }, 8],
  ])("takes %s", async (_, header, data) => {
    await expect(lint(fileOf(header, data))).resolves.toMatchObject({ safetensors: 1 });
  });

  it("reads a header that is longer than its first read", async () => {
    const header = Object.fromEntries(
      Array.from({ length: 3_000 }, (_, index) => [`layer.${index}.weight`, tensor(index, index + 1)]),
    );
    await expect(lint(fileOf(header, 3_000))).resolves.toEqual({ parameters: 3_000, safetensors: 1 });
  });

  it("refuses a header that claims more than the format allows, without reading it", () => {
    const first = Buffer.alloc(8);
    first.writeBigUInt64LE(100_000_001n);
    expect(() => headerLength(first, 10 ** 12, "model.safetensors")).toThrow(/100000000/);
    first.writeBigUInt64LE(2n ** 64n - 1n);
    expect(() => headerLength(first, 10 ** 12, "model.safetensors")).toThrow(/claims/);
  });

  it("refuses a JSON file without a byte, and takes other empty files", async () => {
    const empty = (path: string) =>
      lintFiles([{ path, size: 0, bytes: memory(Buffer.alloc(0)) }], new AbortController().signal);
    await expect(empty("config.json")).rejects.toMatchObject({ code: "CHECKPOINT_FILE_EMPTY" });
    await expect(empty("merges.txt")).resolves.toEqual({ parameters: 0, safetensors: 0 });
  });

  it("shows a hostile name with its control characters escaped", () => {
    const header = Buffer.from(JSON.stringify({ "a\n::error::b": tensor(0, 8, "F16", [2, 3]) }));
    expect(() => readTensors(header, 8 + header.length + 8, "x")).toThrow('"a\\n::error::b"');
  });

  it("names the tensor that is wrong", () => {
    const header = Buffer.from(JSON.stringify({ "layers.7.weight": tensor(0, 8, "F16", [2, 3]) }));
    expect(() => readTensors(header, 8 + header.length + 8, "x")).toThrow(
      /"layers\.7\.weight" \("F16" 2 x 3\) needs 12/,
    );
  });
});
