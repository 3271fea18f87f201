import { readAhead } from "../bytes/readahead.ts";
import type { Source } from "../bytes/source.ts";

/** A place in an archive that only moves forward; what the one walker works on, whether the archive can be read at random or passes once. */
export interface Cursor {
  readonly label: string;
  /** Bytes from the start of the archive. */
  readonly position: number;
  /** Bytes in all, where that is known. */
  readonly size: number | undefined;
  /** The next `size` bytes, fewer only at the end; valid until the cursor is used again. */
  take(size: number): Promise<Uint8Array>;
  /** Moves to `offset`; gives `false` where the archive ends before it. */
  advance(offset: number): Promise<boolean>;
}

/** A cursor that seeks over what it need not read. */
export function seekCursor(source: Source, window: number | undefined, signal?: AbortSignal): Cursor {
  // Over the network a request costs a round trip, so each brings many headers; a file gives small windows at once.
  const ahead = readAhead(source, { window: window ?? (source.stream ? 1_048_576 : 16_384), keep: 2 });
  let position = 0;
  return {
    label: source.label,
    size: source.size,
    get position() {
      return position;
    },
    async take(size) {
      const bytes = Buffer.alloc(Math.max(0, Math.min(size, source.size - position)));
      await ahead.read(position, bytes, signal);
      position += bytes.length;
      return bytes;
    },
    async advance(offset) {
      position = offset;
      return offset <= source.size;
    },
  };
}

/** A cursor over bytes that pass once. */
export interface PassingCursor extends Cursor {
  /** What has come already of the next bytes, at most `limit`, at least one byte; empty at the end. Valid until the cursor is used again. */
  some(limit: number): Promise<Uint8Array>;
  /** Reads to the end of the bytes, so that what checks them (a gzip trailer) is reached. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** A cursor that reads over what it skips. */
export function passingCursor(label: string, chunks: AsyncIterable<Uint8Array>): PassingCursor {
  const iterator = chunks[Symbol.asyncIterator]();
  let current: Uint8Array = new Uint8Array(0);
  let ended = false;
  let position = 0;

  async function some(limit: number): Promise<Uint8Array> {
    while (current.length === 0 && !ended) {
      const { done, value } = await iterator.next();
      if (done) ended = true;
      else current = value;
    }
    const piece = current.subarray(0, limit);
    current = current.subarray(piece.length);
    position += piece.length;
    return piece;
  }

  return {
    label,
    size: undefined,
    get position() {
      return position;
    },
    some,
    async take(size) {
      const first = await some(size);
      if (first.length === size) return first;
      const whole = Buffer.alloc(size);
      let filled = 0;
      for (let piece = first; piece.length > 0; piece = await some(size - filled)) {
        whole.set(piece, filled);
        filled += piece.length;
        if (filled === size) break;
      }
      return whole.subarray(0, filled);
    },
    async advance(offset) {
      while (position < offset) if ((await some(offset - position)).length === 0) return false;
      return true;
    },
    async drain() {
      while ((await some(Number.MAX_SAFE_INTEGER)).length > 0);
    },
    async close() {
      if (!ended) await iterator.return?.();
    },
  };
}
