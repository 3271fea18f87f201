import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Held, hold } from "../../../src/bytes/lent.ts";
import { Spool } from "../../../src/images/pass/spool.ts";

const blob = (size: number) => ({ digest: `sha256:${"a".repeat(64)}`, size, mediaType: "", annotations: {} });

/** Counts what is held. */
class Ledger {
  held = 0;

  hold(bytes: Uint8Array): Held {
    this.held += 1;
    const release = () => {
      this.held -= 1;
    };
    return { bytes, release };
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("a spool", () => {
  it("gives out what it took, and again where it is kept, and holds nothing once it was let go", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 8 }),
        fc.boolean(),
        async (chunks, kept) => {
          const ledger = new Ledger();
          const whole = Buffer.concat(chunks);
          const spool = new Spool(blob(whole.length), kept);
          const reading = spool.asBody().whole();
          for (const chunk of chunks) spool.take(ledger.hold(chunk));
          spool.end();
          expect((await reading).equals(whole)).toBe(true);
          if (kept) expect((await spool.asBody().whole()).equals(whole)).toBe(true);
          expect(ledger.held).toBe(kept ? chunks.length : 0);
          spool.letGo();
          expect(ledger.held).toBe(0);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("holds a chunk that cannot be sent again only until the next one is asked for", async () => {
    const ledger = new Ledger();
    const spool = new Spool(blob(3), false);
    for (const byte of [1, 2, 3]) spool.take(ledger.hold(Buffer.of(byte)));
    const body = spool.asBody().body() as { readonly chunks: AsyncIterable<Uint8Array> };
    const left: number[] = [];
    for await (const _ of body.chunks) {
      left.push(ledger.held);
      if (left.length === 3) spool.end();
    }
    expect([...left, ledger.held]).toEqual([3, 2, 1, 0]);
  });

  it("drops what nobody wants any more, and holds nothing of it", async () => {
    const ledger = new Ledger();
    const spool = new Spool(blob(5), false);
    spool.take(ledger.hold(Buffer.alloc(1)));
    spool.letGo();
    spool.take(ledger.hold(Buffer.alloc(1)));
    let asked = 0;
    await spool.fill(
      (async function* () {
        for (; asked < 10; asked += 1) yield Buffer.alloc(1);
      })(),
    );
    expect(spool.wanted).toBe(false);
    expect(ledger.held).toBe(0);
    expect(asked).toBeLessThan(2);
  });

  it("tells its reader that the stream broke", async () => {
    const spool = new Spool(blob(2), false);
    const reading = spool.asBody().whole();
    await expect(
      spool.fill(
        (async function* () {
          yield Buffer.alloc(1);
          throw new Error("cut");
        })(),
      ),
    ).rejects.toThrow("cut");
    await expect(reading).rejects.toThrow("cut");
  });

  it("copies what no stream lends", async () => {
    const chunk = Buffer.from("a");
    const spool = new Spool(blob(1), true);
    spool.take(hold(chunk));
    chunk.fill(0);
    spool.end();
    await turn();
    expect((await spool.asBody().whole()).toString()).toBe("a");
  });
});
