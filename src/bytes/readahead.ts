import type { Source } from "./source.ts";

export interface ReadAheadOptions {
  /** Bytes of one window (1 MiB). Windows are aligned to it. */
  readonly window?: number;
  /** Windows that are kept (8); the one that was used longest ago goes first. */
  readonly keep?: number;
}

/**
 * A source that reads whole aligned windows and keeps the last ones, for walking over headers where each request costs a round trip.
 * Reads that span more than two windows pass by the cache. Parallel readers of one window share its request. Closing it leaves `source` open.
 */
export function readAhead(source: Source, options: ReadAheadOptions = {}): Source {
  const { window = 1_048_576, keep = 8 } = options;
  const windows = new Map<number, Promise<Uint8Array>>();

  function fetched(index: number): Promise<Uint8Array> {
    const known = windows.get(index);
    if (known) {
      windows.delete(index);
      windows.set(index, known);
      return known;
    }
    const start = index * window;
    const buffer = Buffer.allocUnsafe(Math.min(window, source.size - start));
    const asked = source.read(start, buffer).then((bytes) => buffer.subarray(0, bytes));
    asked.catch(() => windows.get(index) === asked && windows.delete(index));
    windows.set(index, asked);
    if (windows.size > keep) windows.delete(windows.keys().next().value!);
    return asked;
  }

  return {
    size: source.size,
    identity: source.identity,
    label: source.label,
    async read(offset, into, signal) {
      const wanted = Math.max(0, Math.min(into.length, source.size - offset));
      if (wanted > 2 * window) return source.read(offset, into, signal);
      let done = 0;
      while (done < wanted) {
        signal?.throwIfAborted();
        const at = offset + done;
        const index = Math.floor(at / window);
        const bytes = (await fetched(index)).subarray(at - index * window, at - index * window + wanted - done);
        if (bytes.length === 0) break;
        into.set(bytes, done);
        done += bytes.length;
      }
      return done;
    },
    async close() {
      windows.clear();
    },
  };
}
