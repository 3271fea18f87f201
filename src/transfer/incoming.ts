import type { IncomingMessage } from "node:http";
import { acquireChunk, bodyChunkSize, type ChunkSize, releaseChunk } from "../bytes/chunks.ts";
import { ConnectionFailed } from "./failure.ts";
import { type Exchange, Inflow, letGo } from "./inflow.ts";

/** The head of an answer, and ways to its body. One of them must be used, or the connection stays taken. */
export interface Incoming {
  readonly status: number;
  /** Names in lower case; what came several times is joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  /** The whole body, up to `limit` bytes (1 MiB); what is longer is cut there, and the connection closed. */
  bytes(limit?: number): Promise<Buffer>;
  /** Fills `into` exactly; throws `TRANSFER_BROKEN` where the body is shorter or longer. */
  into(into: Uint8Array): Promise<void>;
  /** The body in chunks of at most `most` bytes (512 KiB); each is valid until the next one is asked for, and can be held. Ending early closes the connection. */
  chunks(most?: ChunkSize): AsyncGenerator<Uint8Array, void, undefined>;
  /** Nothing more is wanted: closes the connection. */
  discard(): void;
}

/** An answer whose body is at hand. */
export function arrived({
  status,
  headers,
  body,
}: Pick<Incoming, "status" | "headers"> & { readonly body: Buffer }): Incoming {
  return {
    status,
    headers,
    bytes: async (limit = body.length) => body.subarray(0, limit),
    async into(into) {
      body.copy(into);
    },
    async *chunks() {
      yield body;
    },
    discard() {},
  };
}

export function incoming(response: IncomingMessage, exchange: Exchange): Incoming {
  const { what } = exchange;
  const inflow = new Inflow(response, exchange);

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
      await inflow.each((piece) => {
        parts.push(piece.subarray(0, limit - size));
        size += piece.length;
        return size <= limit;
      });
      return Buffer.concat(parts);
    },
    async into(into) {
      let filled = 0;
      await inflow.each((piece) => {
        if (filled + piece.length > into.length) throw wrongSize(into.length);
        into.set(piece, filled);
        filled += piece.length;
        letGo(piece);
        return true;
      });
      if (filled < into.length) throw wrongSize(into.length);
    },
    async *chunks(most = bodyChunkSize) {
      try {
        for (let whole = true; whole; ) {
          const buffer = acquireChunk(most);
          try {
            // What came before a connection broke is good, and who continues from there gets on.
            const { filled, broken } = await inflow.fill(buffer);
            if (filled > 0) yield buffer.subarray(0, filled);
            if (broken) throw broken.reason;
            whole = filled === most;
          } finally {
            releaseChunk(buffer);
          }
        }
      } finally {
        inflow.close();
      }
    },
    discard: () => exchange.end(),
  };
}
