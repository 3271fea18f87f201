import { bodyChunkSize, chunksOf, passingChunkSize } from "../bytes/chunks.ts";
import type { Source } from "../bytes/source.ts";

/** What is sent: bytes at hand, a range of a source, or chunks that pass once and must come to exactly `size`. */
export type Body =
  | Uint8Array
  | { readonly source: Source; readonly offset: number; readonly size: number }
  | { readonly chunks: AsyncIterable<Uint8Array>; readonly size: number };

export function sizeOf(body: Body | undefined): number {
  if (body === undefined) return 0;
  return body instanceof Uint8Array ? body.length : body.size;
}

/** Whether a body can be sent again after a failure. */
export function canRepeat(body: Body | undefined): boolean {
  return body === undefined || body instanceof Uint8Array || "source" in body;
}

/** The body in chunks; each is valid until the next one is asked for. */
export function bodyChunks(body: Body, signal: AbortSignal): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (body instanceof Uint8Array) return pieces(body);
  if (!("source" in body)) return body.chunks;
  const chunks = chunksOf(body.source, body.offset, body.size, signal, bodyChunkSize);
  return body.source.stream === undefined ? chunks : inPieces(chunks);
}

/** Bytes that no large read brought are sent in smaller pieces: they leave less of them, encrypted, in every connection (measured). */
function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += passingChunkSize) yield bytes.subarray(at, at + passingChunkSize);
}

async function* inPieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield* pieces(chunk);
}
