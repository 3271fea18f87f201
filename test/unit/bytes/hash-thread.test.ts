import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { noise } from "../../../sandbox/sample/noise.ts";
import { chunkSize } from "../../../src/bytes/chunks.ts";
import { distantDigest } from "../../../src/bytes/hash-thread.ts";
import { lend } from "../../../src/bytes/lent.ts";

async function digestOf(algorithm: string, chunks: readonly Uint8Array[]): Promise<string> {
  const digest = distantDigest(algorithm);
  for (const chunk of chunks) await digest.update(chunk);
  return digest.hex();
}

function expected(algorithm: string, chunks: readonly Uint8Array[]): string {
  return createHash(algorithm).update(Buffer.concat(chunks)).digest("hex");
}

describe("a digest of the hashing thread", () => {
  it.each(["sha256", "sha512"])("is that of all chunks in their order (%s)", async (algorithm) => {
    const chunks = [noise("a", 3 * chunkSize + 17), noise("b", 1), noise("c", 0), noise("d", chunkSize)];
    expect(await digestOf(algorithm, chunks)).toBe(expected(algorithm, chunks));
  });

  it("is not mixed with others that run beside it, however many bytes wait", async () => {
    const all = Array.from({ length: 12 }, (_, at) => [noise(`${at}`, 4 * chunkSize + at), noise(`more ${at}`, at)]);
    const digests = await Promise.all(all.map((chunks) => digestOf("sha256", chunks)));
    expect(digests).toEqual(all.map((chunks) => expected("sha256", chunks)));
  });

  it("does not see what becomes of a chunk once it was taken", async () => {
    const chunk = noise("a", 1_000);
    const before = expected("sha256", [chunk]);
    const digest = distantDigest("sha256");
    await digest.update(chunk);
    chunk.fill(0);
    expect(await digest.hex()).toBe(before);
  });

  it("holds a chunk that is lent until it was taken, without a copy", async () => {
    const bytes = noise("a", 5 * chunkSize);
    const memory = new Uint8Array(new SharedArrayBuffer(bytes.length));
    memory.set(bytes);
    let held = 0;
    lend(memory.buffer, {
      hold() {
        held += 1;
        return () => {
          held -= 1;
        };
      },
    });
    const digest = distantDigest("sha256");
    expect(digest.update(memory)).toBeUndefined();
    expect(held).toBe(1);
    expect(await digest.hex()).toBe(expected("sha256", [bytes]));
    expect(held).toBe(0);
  });

  it("leaves others alone when it is let go", async () => {
    const [left, kept] = [distantDigest("sha256"), distantDigest("sha256")];
    await left.update(noise("a", 10));
    await kept.update(noise("b", 10));
    left.close();
    expect(await kept.hex()).toBe(expected("sha256", [noise("b", 10)]));
  });
});
