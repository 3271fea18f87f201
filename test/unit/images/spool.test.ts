import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPool } from "../../../src/bytes/buffers.ts";
import { Spool } from "../../../src/images/pass/spool.ts";

const megabyte = 1_048_576;
const never = new AbortController().signal;
const blob = (size: number) => ({ digest: `sha256:${"a".repeat(64)}`, size, mediaType: "", annotations: {} });

describe("a spool", () => {
  it("gives out what was written, however it was cut, and again where it is kept", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 700_000 }), { maxLength: 8 }),
        fc.boolean(),
        async (cuts, kept) => {
          const pool = createPool(16 * megabyte);
          const chunks = cuts.map((size, at) => Buffer.alloc(size, at + 1));
          const whole = Buffer.concat(chunks);
          const spool = new Spool(blob(whole.length), pool, kept);
          const reading = spool.asBody().whole();
          for (const chunk of chunks) await spool.write(chunk, never);
          spool.end();
          expect((await reading).equals(whole)).toBe(true);
          if (kept) expect((await spool.asBody().whole()).equals(whole)).toBe(true);
          spool.letGo();
          expect(pool.used).toBe(0);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("makes its writer wait while the budget is used up, until the reader has sent a buffer", async () => {
    const pool = createPool(2 * megabyte);
    const spool = new Spool(blob(3 * megabyte), pool, false);
    let written = 0;
    const writing = (async () => {
      for (let at = 0; at < 3; at += 1) {
        await spool.write(Buffer.alloc(megabyte, at), never);
        written += 1;
      }
      spool.end();
    })();
    await new Promise((resolve) => setImmediate(resolve));
    expect(written).toBe(2);
    expect((await spool.asBody().whole()).length).toBe(3 * megabyte);
    await writing;
    expect(pool.used).toBe(0);
  });

  it("drops what nobody wants any more, and holds nothing of it", async () => {
    const pool = createPool(2 * megabyte);
    const spool = new Spool(blob(5 * megabyte), pool, false);
    await spool.write(Buffer.alloc(1.5 * megabyte), never);
    spool.letGo();
    await spool.write(Buffer.alloc(3 * megabyte), never);
    expect(spool.wanted).toBe(false);
    expect(pool.used).toBe(0);
  });

  it("tells its reader that the stream broke", async () => {
    const spool = new Spool(blob(megabyte), createPool(2 * megabyte), false);
    const reading = spool.asBody().whole();
    spool.fail(new Error("cut"));
    await expect(reading).rejects.toThrow("cut");
  });
});
