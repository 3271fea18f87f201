import type { IncomingMessage } from "node:http";
import { acquireChunk, chunkSize, releaseChunk } from "../bytes/chunks.ts";
import { ConnectionFailed } from "./failure.ts";
import type { Watch } from "./watch.ts";

/** The head of an answer, and ways to its body. One of them must be used, or the connection stays taken. */
export interface Incoming {
  readonly status: number;
  /** Names in lower case; what came several times is joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  /** The whole body, up to `limit` bytes (1 MiB); what is longer is cut there, and the connection closed. */
  bytes(limit?: number): Promise<Buffer>;
  /** Fills `into` exactly; throws `TRANSFER_BROKEN` where the body is shorter or longer. */
  into(into: Uint8Array): Promise<void>;
  /** The body in chunks of at most 512 KiB; each is valid until the next one is asked for. Ending early closes the connection. */
  chunks(): AsyncGenerator<Uint8Array, void, undefined>;
  /** Nothing more is wanted: closes the connection. */
  discard(): void;
}

/** What `incoming` needs from the exchange that it belongs to. */
export interface Exchange {
  readonly what: string;
  readonly watch: Watch;
  /** What ended the exchange, as one of ours. */
  failed(thrown: unknown): Error;
  /** The body was read whole. */
  finished(): void;
  /** Ends the exchange and its connection. */
  end(): void;
}

export function incoming(response: IncomingMessage, exchange: Exchange): Incoming {
  const { what, watch } = exchange;

  /** Each piece as it comes from the socket; the silence before it is watched, the time that the caller takes is not. */
  async function* pieces(): AsyncGenerator<Buffer, void, undefined> {
    let whole = false;
    try {
      watch.arm();
      for await (const piece of response) {
        watch.disarm();
        yield piece as Buffer;
        watch.arm();
      }
      whole = true;
    } catch (thrown) {
      throw exchange.failed(thrown);
    } finally {
      watch.disarm();
      if (whole) exchange.finished();
      else exchange.end();
    }
  }

  const wrongSize = (expected: number) =>
    new ConnectionFailed(
      "TRANSFER_BROKEN",
      what,
      "SIZE",
      `the answer has not the ${expected} bytes that were asked for`,
    );

  return {
    status: response.statusCode ?? 0,
    headers: Object.fromEntries(
      Object.entries(response.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(", ") : (value ?? ""),
      ]),
    ),
    async bytes(limit = 1_048_576) {
      const parts: Buffer[] = [];
      let size = 0;
      for await (const piece of pieces()) {
        parts.push(piece.subarray(0, limit - size));
        size += piece.length;
        if (size > limit) break;
      }
      return Buffer.concat(parts);
    },
    async into(into) {
      let filled = 0;
      for await (const piece of pieces()) {
        if (filled + piece.length > into.length) throw wrongSize(into.length);
        into.set(piece, filled);
        filled += piece.length;
      }
      if (filled < into.length) throw wrongSize(into.length);
    },
    async *chunks() {
      const buffer = acquireChunk();
      let filled = 0;
      let broken: { readonly reason: unknown } | undefined;
      try {
        try {
          for await (const piece of pieces()) {
            for (let at = 0; at < piece.length; ) {
              const part = piece.subarray(at, at + chunkSize - filled);
              buffer.set(part, filled);
              filled += part.length;
              at += part.length;
              if (filled < chunkSize) continue;
              yield buffer;
              filled = 0;
            }
          }
        } catch (reason) {
          broken = { reason };
        }
        // What came before a connection broke is good, and who continues from there gets on.
        if (filled > 0) yield buffer.subarray(0, filled);
        if (broken) throw broken.reason;
      } finally {
        releaseChunk(buffer);
      }
    },
    discard: () => exchange.end(),
  };
}
