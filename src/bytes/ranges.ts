import type { Source } from "./source.ts";

/** What can give a range of its bytes in one request: an object in S3, a URL. */
export interface Ranged {
  readonly size: number;
  readonly identity: string;
  readonly label: string;
  /** Fills all of `into` from `offset` (the range lies within the source), or throws. Retries are its own. */
  fetch(offset: number, into: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** The bytes of a range in one request, chunk by chunk; a chunk is valid until the next one is asked for. */
  stream(offset: number, size: number, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  close?(): Promise<void>;
}

/** A source over requests for ranges. Nothing is asked for outside of its size, and nothing for no bytes. */
export function rangedSource(ranged: Ranged): Source {
  const within = (offset: number, size: number) => Math.max(0, Math.min(size, ranged.size - offset));
  return {
    size: ranged.size,
    identity: ranged.identity,
    label: ranged.label,
    async read(offset, into, signal) {
      const wanted = within(offset, into.length);
      if (wanted > 0) await ranged.fetch(offset, into.subarray(0, wanted), signal);
      return wanted;
    },
    async *stream(offset, size, signal) {
      const wanted = within(offset, size);
      if (wanted > 0) yield* ranged.stream(offset, wanted, signal);
    },
    close: async () => ranged.close?.(),
  };
}
