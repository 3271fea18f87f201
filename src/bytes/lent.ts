/** Whoever gives out chunks of a memory, and uses it again once nobody holds them. */
export interface Lender {
  /** From now on the chunk's bytes stay as they are, until what this gives is called, once. */
  hold(chunk: Uint8Array): () => void;
}

/** Bytes that stay as they are until they are released. */
export interface Held {
  readonly bytes: Uint8Array;
  release(): void;
}

const lenders = new WeakMap<ArrayBufferLike, Lender>();

/** From now on the chunks of `memory` can be held. */
export function lend(memory: ArrayBufferLike, lender: Lender): void {
  lenders.set(memory, lender);
}

/** Holds a chunk for longer than its stream says it is valid: without a copy where its memory is lent, which makes the stream wait once all of it is held. */
export function hold(chunk: Uint8Array): Held {
  return holdLent(chunk) ?? { bytes: Uint8Array.from(chunk), release() {} };
}

/** As `hold`; `undefined` where the chunk's memory is not lent. */
export function holdLent(chunk: Uint8Array): Held | undefined {
  const release = lenders.get(chunk.buffer)?.hold(chunk);
  return release && { bytes: chunk, release };
}
