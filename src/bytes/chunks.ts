import { Cancelled } from "../errors.ts";
import { type Held, holdLent, lend } from "./lent.ts";
import type { Source } from "./source.ts";

/** Bytes of a chunk of what passes once: each wakes other threads, which costs as much as copying hundreds of KiB does (measured). */
export const chunkSize = 2_097_152;

/** Bytes of a chunk of a body: smaller costs speed, larger memory, of which each connection holds two, and one more in TLS (measured). */
export const bodyChunkSize = 524_288;

/** Bytes of a chunk of a body that comes over a network and leaves over another: of these a connection holds one, and it costs no speed (measured). */
export const passingChunkSize = 131_072;

/**
 * How far behind the beginning of its memory a chunk begins. Memory of this size begins 16 bytes behind a page, files are kept in pages, and AMD's
 * third generation copies five times slower (2.5 instead of 13 GB/s, measured) to an address that lies up to 31 bytes further in its page than the
 * bytes that it copies. What an archive holds begins at multiples of 512, and half of 512 is far from those as well.
 */
export const besidePages = 256;

/** What lies idle, by size. */
const idle = {
  [chunkSize]: [] as Uint8Array[],
  [bodyChunkSize]: [] as Uint8Array[],
  [passingChunkSize]: [] as Uint8Array[],
};
/** Bytes of each size that may lie idle. */
const mostIdle = 33_554_432;
/** Of each chunk's memory that is out, how many use it. */
const users = new WeakMap<ArrayBufferLike, number>();

export type ChunkSize = keyof typeof idle;

/** A buffer of `size` bytes from those that lie idle; hand it back with `releaseChunk`. Other threads see its memory, and it can be held. */
export function acquireChunk(size: ChunkSize): Uint8Array {
  const chunk = idle[size].pop() ?? newChunk(size);
  users.set(chunk.buffer, 1);
  return chunk;
}

function newChunk(size: ChunkSize): Uint8Array {
  const chunk = new Uint8Array(new SharedArrayBuffer(besidePages + size), besidePages);
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
  const kept = idle[chunk.length as ChunkSize];
  if (left === 0 && kept.length * chunk.length < mostIdle) kept.push(chunk);
}

/** Bytes where another thread sees them: all of `bytes`, held, if they lie in memory that is lent; else a copy of the first of them, `bodyChunkSize` at most. */
export function holdShared(bytes: Uint8Array): Held {
  const held = holdLent(bytes);
  if (held) return held;
  const chunk = acquireChunk(bodyChunkSize);
  // Not by `set`: into shared memory it takes three times as long (measured).
  const copied = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).copy(chunk);
  return { bytes: chunk.subarray(0, copied), release: () => releaseChunk(chunk) };
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
  most: ChunkSize = chunkSize,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (source.stream) {
    yield* source.stream(offset, size, signal);
    return;
  }
  const end = Math.min(offset + size, source.size);
  const read = (at: number) => filled(source, at, end, most, signal);
  let pending = offset < end ? read(offset) : undefined;
  try {
    for (let at = offset; pending; ) {
      const { chunk, bytes } = await pending;
      pending = undefined;
      try {
        if (signal?.aborted) throw new Cancelled();
        if (bytes.length === 0) return;
        at += bytes.length;
        if (at < end) {
          pending = read(at);
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

async function filled(
  source: Source,
  at: number,
  end: number,
  most: ChunkSize,
  signal: AbortSignal | undefined,
): Promise<Filled> {
  const chunk = acquireChunk(most);
  try {
    const piece = chunk.subarray(0, end - at);
    return { chunk, bytes: piece.subarray(0, await source.read(at, piece, signal)) };
  } catch (thrown) {
    releaseChunk(chunk);
    throw thrown;
  }
}
