import { Cancelled } from "../errors.ts";
import { type Held, holdLent, lend } from "./lent.ts";
import type { Source } from "./source.ts";

/** Bytes of one read, of one chunk of a body and of one step of inflating: smaller costs speed, larger memory: each connection holds two, and one more in TLS (measured). */
export const chunkSize = 524_288;

const idle: Uint8Array[] = [];
/** Of each chunk's memory that is out, how many use it. */
const users = new WeakMap<ArrayBufferLike, number>();

/** A buffer of `chunkSize` bytes from those that lie idle; hand it back with `releaseChunk`. Other threads see its memory, and it can be held. */
export function acquireChunk(): Uint8Array {
  const chunk = idle.pop() ?? newChunk();
  users.set(chunk.buffer, 1);
  return chunk;
}

function newChunk(): Uint8Array {
  const chunk = new Uint8Array(new SharedArrayBuffer(chunkSize));
  const hold = () => {
    users.set(chunk.buffer, (users.get(chunk.buffer) ?? 0) + 1);
    return () => releaseChunk(chunk);
  };
  lend(chunk.buffer, { hold });
  return chunk;
}

/** Whoever acquired or held `chunk` may not use it after this. */
export function releaseChunk(chunk: Uint8Array): void {
  const left = (users.get(chunk.buffer) ?? 0) - 1;
  users.set(chunk.buffer, left);
  if (left === 0 && idle.length < 64) idle.push(chunk);
}

/** Bytes where another thread sees them: all of `bytes`, held, if they lie in memory that is lent; else a copy of the first of them, `chunkSize` at most. */
export function holdShared(bytes: Uint8Array): Held {
  const held = holdLent(bytes);
  if (held) return held;
  const chunk = acquireChunk();
  const first = bytes.subarray(0, chunkSize);
  chunk.set(first);
  return { bytes: chunk.subarray(0, first.length), release: () => releaseChunk(chunk) };
}

/**
 * `size` bytes of `source` from `offset`, in order: while the caller works on one chunk, the next one fills. A chunk is valid until the next one is
 * asked for, and can be held. A source that streams by itself (over the network) is asked once for the whole range.
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
  let pending = offset < end ? filled(source, offset, end, signal) : undefined;
  try {
    for (let at = offset; pending; ) {
      const { chunk, bytes } = await pending;
      pending = undefined;
      try {
        if (signal?.aborted) throw new Cancelled();
        if (bytes.length === 0) return;
        at += bytes.length;
        if (at < end) {
          pending = filled(source, at, end, signal);
          pending.catch(() => {});
        }
        yield bytes;
      } finally {
        releaseChunk(chunk);
      }
    }
  } finally {
    await pending?.then(
      ({ chunk }) => releaseChunk(chunk),
      () => {},
    );
  }
}

interface Filled {
  readonly chunk: Uint8Array;
  readonly bytes: Uint8Array;
}

async function filled(source: Source, at: number, end: number, signal: AbortSignal | undefined): Promise<Filled> {
  const chunk = acquireChunk();
  try {
    const piece = chunk.subarray(0, Math.min(chunkSize, end - at));
    return { chunk, bytes: piece.subarray(0, await source.read(at, piece, signal)) };
  } catch (thrown) {
    releaseChunk(chunk);
    throw thrown;
  }
}
