import { Cancelled } from "../errors.ts";
import type { Source } from "./source.ts";

/** Bytes of one read, of one chunk of a body and of one step of inflating: smaller costs speed, larger memory: each connection holds two, and one more in TLS (measured). */
export const chunkSize = 524_288;

const idle: Uint8Array[] = [];

/** A buffer of `chunkSize` bytes from those that lie idle; hand it back with `releaseChunk`. */
export function acquireChunk(): Uint8Array {
  return idle.pop() ?? Buffer.allocUnsafeSlow(chunkSize);
}

/** Nobody may use `chunk` after this. */
export function releaseChunk(chunk: Uint8Array): void {
  if (idle.length < 64) idle.push(chunk);
}

/**
 * `size` bytes of `source` from `offset`, in order, through two reused buffers: while the caller works on one, the other fills.
 * A chunk is valid until the next one is asked for. A source that streams by itself (over the network) is asked once for the whole range.
 */
export async function* chunksOf(
  source: Source,
  offset: number,
  size: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (source.stream) {
    yield* source.stream(offset, size, signal);
    return;
  }
  const end = Math.min(offset + size, source.size);
  const buffers = [acquireChunk(), size > chunkSize ? acquireChunk() : undefined] as const;
  const fill = (at: number, buffer: Uint8Array) => {
    const piece = buffer.subarray(0, Math.min(chunkSize, end - at));
    return source.read(at, piece, signal).then((bytes) => piece.subarray(0, bytes));
  };
  let pending: Promise<Uint8Array> | undefined;
  try {
    let turn = 0;
    if (offset < end) pending = fill(offset, buffers[0]);
    for (let at = offset; pending; ) {
      const chunk: Uint8Array = await pending;
      pending = undefined;
      if (signal?.aborted) throw new Cancelled();
      if (chunk.length === 0) return;
      at += chunk.length;
      turn += 1;
      if (at < end) {
        pending = fill(at, buffers[turn % 2] ?? buffers[0]);
        pending.catch(() => {});
      }
      yield chunk;
    }
  } finally {
    await pending?.catch(() => {});
    for (const buffer of buffers) if (buffer) releaseChunk(buffer);
  }
}
