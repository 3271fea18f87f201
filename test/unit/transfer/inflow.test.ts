import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { type Exchange, Inflow } from "../../../src/transfer/inflow.ts";
import { watchSilence } from "../../../src/transfer/watch.ts";

const exchange: Exchange = {
  what: "a test",
  watch: watchSilence(60_000, () => {}),
  failed: (thrown) => thrown as Error,
  finished() {},
  end() {},
};

/** A body of these pieces. */
const bodyOf = (pieces: readonly Buffer[]) => new Inflow(Readable.from(pieces) as IncomingMessage, exchange);
/** A piece with a buffer for itself, as TLS gives it. */
const own = (text: string) => Buffer.from(Uint8Array.from(Buffer.from(text)).buffer);
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("the memory of a body's pieces", () => {
  it("is given back once they are copied, without a collection", async () => {
    const pieces = [own("abc"), own("def")];
    const into = Buffer.alloc(6);
    const buffers = pieces.map((piece) => piece.buffer);
    expect(await bodyOf(pieces).fill(into)).toEqual({ filled: 6 });
    await turn();
    expect(into.toString()).toBe("abcdef");
    expect(buffers.map((buffer) => (buffer as ArrayBuffer).detached)).toEqual([true, true]);
  });

  it("stays where something of it is wanted later", async () => {
    const inflow = bodyOf([own("abcd")]);
    const [first, second] = [Buffer.alloc(3), Buffer.alloc(3)];
    await inflow.fill(first);
    await turn();
    expect(await inflow.fill(second)).toEqual({ filled: 1 });
    expect(first.toString() + second.toString("utf8", 0, 1)).toBe("abcd");
  });

  it("stays where others have a share of it", async () => {
    const shared = own("abcdef");
    await bodyOf([shared.subarray(0, 3)]).fill(Buffer.alloc(3));
    await turn();
    expect(shared.toString()).toBe("abcdef");
  });
});
