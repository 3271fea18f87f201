import { randomBytes } from "node:crypto";
import { appendFileSync, mkdtempSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPool } from "../../../src/bytes/buffers.ts";
import { chunksOf } from "../../../src/bytes/chunks.ts";
import { openFile } from "../../../src/bytes/file.ts";
import { inOrder } from "../../../src/bytes/ordered.ts";
import { rangedSource } from "../../../src/bytes/ranges.ts";
import { readAhead } from "../../../src/bytes/readahead.ts";
import { sliceOf } from "../../../src/bytes/slice.ts";
import type { Source } from "../../../src/bytes/source.ts";
import { memorySource } from "../../integration/transfer/loopback.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "eks-deploy-bytes-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const bytes = randomBytes(2_500_000);
const codeOf = (reading: Promise<unknown>) =>
  reading.then(
    () => "none",
    (error) => String(error.code),
  );

function file(name: string, content: Uint8Array = bytes): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function collected(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}

describe("a file as a source", () => {
  it("is read at any place, in parallel, to its end and not beyond", async () => {
    const source = await openFile(file("a"));
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length + 10), fc.nat(5_000), async (offset, size) => {
        const into = Buffer.alloc(size);
        const read = await source.read(offset, into);
        expect(read).toBe(Math.max(0, Math.min(size, bytes.length - offset)));
        expect(into.subarray(0, read).equals(bytes.subarray(offset, offset + read))).toBe(true);
      }),
    );
    await source.close();
    await source.close();
  });

  it("may be empty", async () => {
    const source = await openFile(file("empty", Buffer.alloc(0)));
    expect(await source.read(0, Buffer.alloc(10))).toBe(0);
    expect(await collected(chunksOf(source, 0, 0))).toHaveLength(0);
    await source.close();
  });

  it("has another identity when it is written anew", async () => {
    const path = file("b");
    const before = await openFile(path);
    appendFileSync(path, "x");
    const after = await openFile(path);
    expect(after.identity).not.toBe(before.identity);
    await before.close();
    await after.close();
  });

  it("is told when it grows, shrinks or is written to while it is read", async () => {
    const grown = file("grown");
    const shrunk = file("shrunk");
    const rewritten = file("rewritten");
    for (const [path, change] of [
      [grown, () => appendFileSync(grown, "x")],
      [shrunk, () => truncateSync(shrunk, 1_000)],
      [rewritten, () => utimesSync(rewritten, 1, 1)],
    ] as const) {
      const source = await openFile(path);
      change();
      expect(await codeOf(source.read(10, Buffer.alloc(10)))).toBe("SOURCE_CHANGED");
      expect(await codeOf(collected(chunksOf(source, 0, source.size)))).toBe("SOURCE_CHANGED");
      await source.close();
    }
  });

  it("is missing, or is a folder", async () => {
    expect(await codeOf(openFile(join(folder, "none")))).toBe("SOURCE_NOT_FOUND");
    expect(await codeOf(openFile(join(file("c"), "below a file")))).toBe("SOURCE_NOT_FOUND");
    expect(await codeOf(openFile(folder))).toBe("SOURCE_UNUSABLE");
  });
});

describe("chunks of a source", () => {
  it("come in order and whole, from any range", async () => {
    const source = memorySource(bytes);
    for (const [offset, size] of [
      [0, bytes.length],
      [1, 1_048_576],
      [1_048_577, 1_048_577],
      [bytes.length - 1, 1],
      [bytes.length - 5, 100],
      [5, 0],
    ] as const)
      expect((await collected(chunksOf(source, offset, size))).equals(bytes.subarray(offset, offset + size))).toBe(
        true,
      );
  });

  it("end when they are cancelled", async () => {
    const stop = new AbortController();
    stop.abort();
    expect(await codeOf(collected(chunksOf(memorySource(bytes), 0, 10, stop.signal)))).toBe("CANCELLED");
  });
});

describe("a slice", () => {
  it("knows no bytes outside of itself, also where its source streams", async () => {
    const ranged = rangedSource({
      size: bytes.length,
      identity: "r",
      label: "r",
      async fetch(offset, into) {
        into.set(bytes.subarray(offset, offset + into.length));
      },
      async *stream(offset, size) {
        for (let at = 0; at < size; at += 1_000) yield bytes.subarray(offset + at, offset + Math.min(size, at + 1_000));
      },
    });
    for (const whole of [memorySource(bytes), ranged]) {
      const slice = sliceOf(whole, 100, 5_000, "part");
      const into = Buffer.alloc(10_000);
      expect(await slice.read(0, into)).toBe(5_000);
      expect(await slice.read(4_999, into)).toBe(1);
      expect(await slice.read(6_000, into)).toBe(0);
      expect((await collected(chunksOf(slice, 10, 1_000_000))).equals(bytes.subarray(110, 5_100))).toBe(true);
      expect(() => sliceOf(whole, 0, bytes.length + 1, "too much")).toThrow(
        expect.objectContaining({ code: "INTERNAL" }),
      );
    }
  });
});

describe("reading ahead", () => {
  it("gives the same bytes as its source, whatever is asked for", async () => {
    const ahead = readAhead(memorySource(bytes), { window: 1_000, keep: 3 });
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length), fc.nat(4_000), async (offset, size) => {
        const into = Buffer.alloc(size);
        const read = await ahead.read(offset, into);
        expect(into.subarray(0, read).equals(bytes.subarray(offset, offset + size))).toBe(true);
      }),
    );
  });

  it("asks once for what several read at once, and again after a failure", async () => {
    const memory = memorySource(bytes);
    let failures = 1;
    const source: Source = {
      ...memory,
      read(offset, into) {
        if (failures-- > 0) return Promise.reject(new Error("gone"));
        return memory.read(offset, into);
      },
    };
    const ahead = readAhead(source, { window: 100_000 });
    await expect(ahead.read(0, Buffer.alloc(10))).rejects.toThrow("gone");
    await Promise.all([0, 10, 99_000].map((offset) => ahead.read(offset, Buffer.alloc(10))));
    expect(memory.reads).toBe(1);
  });
});

describe("reading in order", () => {
  /** A source whose reads end in an arbitrary order, some shorter than their window. */
  function jumbled(): Source & { most: number } {
    const memory = memorySource(bytes);
    let running = 0;
    return {
      ...memory,
      most: 0,
      async read(offset, into) {
        running += 1;
        this.most = Math.max(this.most, running);
        for (let wait = ((offset / 100_000) * 7) % 5; wait >= 0; wait -= 1)
          await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return memory.read(offset, into);
      },
    };
  }

  it("gives the bytes in their order, however the reads end, within its bounds", async () => {
    const source = jumbled();
    const pool = createPool(400_000);
    const stream = inOrder(source, { window: 100_000, parallel: 8, pool });
    expect((await collected(stream.chunks())).equals(bytes)).toBe(true);
    expect(source.most).toBe(4);
    expect(pool.used).toBe(0);
  });

  it("returns all buffers when the reader leaves, a read fails or all is cancelled", async () => {
    const pool = createPool(800_000);
    const options = { window: 100_000, parallel: 8, pool };
    for await (const _ of inOrder(jumbled(), options).chunks()) break;
    expect(pool.used).toBe(0);
    const failing: Source = {
      ...memorySource(bytes),
      async read(offset, into) {
        if (offset >= 500_000) throw new Error("gone");
        return into.length;
      },
    };
    await expect(collected(inOrder(failing, options).chunks())).rejects.toThrow("gone");
    expect(pool.used).toBe(0);
    const stop = new AbortController();
    stop.abort();
    expect(await codeOf(collected(inOrder(jumbled(), options).chunks(stop.signal)))).toBe("CANCELLED");
    expect(pool.used).toBe(0);
  });
});
