import { randomBytes } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gunzip, unzstd } from "../../../src/bytes/inflate.ts";
import { type Held, hold } from "../../../src/bytes/lent.ts";
import type { ByteStream } from "../../../src/bytes/source.ts";
import { memoryStream } from "../../integration/transfer/loopback.ts";

async function collected(stream: ByteStream, signal?: AbortSignal): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of stream.chunks(signal)) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}

const codeOf = (reading: Promise<unknown>) =>
  reading.then(
    () => "none",
    (error) => String(error.code),
  );

const hello = Buffer.from("hello");
const world = Buffer.from(" world");
const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

describe.each([
  { name: "gzip", pack: gzipSync, unpack: gunzip },
  { name: "zstd", pack: zstdCompressSync, unpack: unzstd },
])("inflating $name", ({ pack, unpack }) => {
  it("gives back any bytes, in one member or several, however the stream is cut", async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 4 }),
        sizes,
        async (parts, cuts) => {
          const packed = Buffer.concat(parts.map((part) => pack(part)));
          expect((await collected(unpack(memoryStream(packed, cuts)))).equals(Buffer.concat(parts))).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("gives chunks of at most 2 MiB", async () => {
    const large = randomBytes(5_000_000);
    const sizes: number[] = [];
    for await (const chunk of unpack(memoryStream(pack(large), [1_048_576])).chunks()) sizes.push(chunk.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2_097_152);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(large.length);
  });

  it("rejects a stream that is cut anywhere, also in its second member", async () => {
    const first = pack(hello);
    const packed = Buffer.concat([first, pack(world)]);
    for (let size = 0; size < packed.length; size += 1) {
      // A cut between members cannot be seen here; the tar inside tells.
      if (size === first.length) continue;
      for (const cuts of [[1], [7], [1_000]])
        expect(await codeOf(collected(unpack(memoryStream(packed.subarray(0, size), cuts)))), `cut at ${size}`).toBe(
          "SOURCE_TRUNCATED",
        );
    }
  });

  it("rejects garbage, in front and behind", async () => {
    const garbage = Buffer.from("garbage and more garbage");
    for (const cuts of [[1], [5], [1_000]]) {
      expect(await codeOf(collected(unpack(memoryStream(garbage, cuts))))).toBe("SOURCE_DAMAGED");
      expect(await codeOf(collected(unpack(memoryStream(Buffer.concat([pack(hello), garbage]), cuts))))).toBe(
        "SOURCE_DAMAGED",
      );
    }
  });

  it("passes the errors of its stream on as they are, and ends it when the reader leaves", async () => {
    let ended = 0;
    const packed = pack(randomBytes(4_000_000));
    const stream = (broken: boolean): ByteStream => ({
      ...memoryStream(packed),
      async *chunks() {
        try {
          for (let at = 0; at < packed.length; at += 65_536) {
            if (broken && at > 1_000_000) throw new Error("the network is gone");
            yield packed.subarray(at, at + 65_536);
          }
        } finally {
          ended += 1;
        }
      },
    });
    await expect(collected(unpack(stream(true)))).rejects.toThrow("the network is gone");
    for await (const _ of unpack(stream(false)).chunks()) break;
    expect(ended).toBe(2);
  });

  it("waits once all of its memory is held, goes on when some is released, and leaves what is held as it is", async () => {
    const large = randomBytes(18_000_000);
    const held: Held[] = [];
    let next = 0;
    const reading = (async () => {
      for await (const chunk of unpack(memoryStream(pack(large), [300_000]), 6 * 2_097_152).chunks()) {
        expect(large.subarray(next, next + chunk.length).equals(chunk)).toBe(true);
        next += chunk.length;
        held.push(hold(chunk));
      }
    })();
    while (held.length < 6) await new Promise((resolve) => setImmediate(resolve));
    for (let turns = 0; turns < 50; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(held.length).toBe(6);
    expect(Buffer.concat(held.map(({ bytes }) => bytes)).equals(large.subarray(0, next))).toBe(true);
    for (const { release } of held) release();
    await reading;
    expect(next).toBe(large.length);
  });

  it("leaves what is held as it is when its reader leaves", async () => {
    const large = randomBytes(9_000_000);
    const held: Held[] = [];
    for await (const chunk of unpack(memoryStream(pack(large))).chunks()) if (held.push(hold(chunk)) === 4) break;
    for (let turns = 0; turns < 50; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    const bytes = Buffer.concat(held.map((piece) => piece.bytes));
    expect(large.subarray(0, bytes.length).equals(bytes)).toBe(true);
  });

  it("is cancelled also while all of its memory is held", async () => {
    const stop = new AbortController();
    const held: Held[] = [];
    const reading = (async () => {
      for await (const chunk of unpack(memoryStream(pack(randomBytes(9_000_000)))).chunks(stop.signal))
        held.push(hold(chunk));
    })();
    const code = codeOf(reading);
    while (held.length < 4) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    expect(await code).toBe("CANCELLED");
  });

  it("ends when it is cancelled", async () => {
    const stop = new AbortController();
    stop.abort();
    expect(await codeOf(collected(unpack(memoryStream(pack(hello))), stop.signal))).toBe("CANCELLED");
  });
});

describe("inflating gzip", () => {
  it("rejects a wrong checksum", async () => {
    const packed = gzipSync(hello);
    packed[packed.length - 6]! ^= 1;
    expect(await codeOf(collected(gunzip(memoryStream(packed))))).toBe("SOURCE_DAMAGED");
  });

  it("lets padding of zeros pass, and nothing behind it", async () => {
    const padded = Buffer.concat([gzipSync(hello), Buffer.alloc(600)]);
    for (const cuts of [[1], [64], [10_000]]) {
      expect((await collected(gunzip(memoryStream(padded, cuts)))).toString()).toBe("hello");
      const more = Buffer.concat([padded, gzipSync(world)]);
      expect(await codeOf(collected(gunzip(memoryStream(more, cuts))))).toBe("SOURCE_DAMAGED");
    }
  });
});

describe("inflating zstd", () => {
  // Frames of nothing: magic number, descriptor, window, dictionary, one empty block (RFC 8878, 3.1.1).
  it.each([
    ["a window of 2 GiB", "28b52ffd 00 a8 010000", /more than 128 MiB[\s\S]*--long=31/],
    ["a dictionary", "28b52ffd 01 00 07 010000", /a dictionary, which is not in it[\s\S]*-D DICTIONARY/],
  ])("says how to pack anew what needs %s", async (_, frame, said) => {
    const packed = Buffer.from(frame.replaceAll(" ", ""), "hex");
    await expect(collected(unzstd(memoryStream(packed)))).rejects.toThrow(said);
  });

  it("passes over skippable frames", async () => {
    const packed = Buffer.concat([skippable, zstdCompressSync(hello), skippable, zstdCompressSync(world), skippable]);
    for (const cuts of [[1], [11], [10_000]])
      expect((await collected(unzstd(memoryStream(packed, cuts)))).toString()).toBe("hello world");
  });
});
