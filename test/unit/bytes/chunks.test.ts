import { expect, it } from "vitest";
import { noise } from "../../../sandbox/sample/noise.ts";
import {
  acquireChunk,
  besidePages,
  bodyChunkSize,
  chunkSize,
  chunksOf,
  holdShared,
  releaseChunk,
} from "../../../src/bytes/chunks.ts";
import { type Held, hold } from "../../../src/bytes/lent.ts";
import { memorySource } from "../../../src/bytes/memory.ts";

const bytes = Buffer.from(noise("chunks", 5 * chunkSize + 17));
const source = memorySource(bytes, "memory");

it("gives a range in chunks, each valid until the next one is asked for", async () => {
  const parts: Buffer[] = [];
  for await (const chunk of chunksOf(source, 3, bytes.length - 10)) parts.push(Buffer.from(chunk));
  expect(parts.map(({ length }) => length)).toEqual([...Array(5).fill(chunkSize), 7]);
  expect(Buffer.concat(parts).equals(bytes.subarray(3, bytes.length - 7))).toBe(true);
});

it("gives smaller chunks where a body is sent, and never reads to the beginning of a memory", async () => {
  const lengths: number[] = [];
  for await (const chunk of chunksOf(source, 0, 2 * bodyChunkSize + 5, undefined, bodyChunkSize)) {
    lengths.push(chunk.length);
    expect(chunk.byteOffset).toBe(besidePages);
  }
  expect(lengths).toEqual([bodyChunkSize, bodyChunkSize, 5]);
});

it("leaves a chunk that is held as it is, without a copy, and uses its memory again afterwards", async () => {
  const held: Held[] = [];
  for await (const chunk of chunksOf(source, 0, bytes.length)) {
    held.push(hold(chunk));
    expect(held.at(-1)!.bytes.buffer).toBe(chunk.buffer);
  }
  expect(Buffer.concat(held.map((piece) => piece.bytes)).equals(bytes)).toBe(true);
  const memories = new Set(held.map((piece) => piece.bytes.buffer));
  expect(memories.size).toBe(held.length);
  for (const { release } of held) release();
  const again = Array.from({ length: held.length }, () => acquireChunk(chunkSize));
  expect(new Set(again.map(({ buffer }) => buffer))).toEqual(memories);
  again.forEach(releaseChunk);
});

it("lets go of what was read ahead when the reader stops early", async () => {
  const before = [acquireChunk(chunkSize), acquireChunk(chunkSize)];
  before.forEach(releaseChunk);
  for await (const _ of chunksOf(source, 0, bytes.length)) break;
  const after = [acquireChunk(chunkSize), acquireChunk(chunkSize)];
  expect(new Set(after.map(({ buffer }) => buffer))).toEqual(new Set(before.map(({ buffer }) => buffer)));
  after.forEach(releaseChunk);
});

it("copies for another thread only what is not lent, a chunk at most", () => {
  const copied = holdShared(bytes);
  expect(copied.bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(Buffer.compare(copied.bytes, bytes.subarray(0, bodyChunkSize))).toBe(0);
  const shared = holdShared(copied.bytes.subarray(5));
  expect(shared.bytes.buffer).toBe(copied.bytes.buffer);
  shared.release();
  copied.release();
});
