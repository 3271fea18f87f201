import { Cancelled } from "../errors.ts";
import { type BufferPool, createPool, type Loan } from "./buffers.ts";
import type { ByteStream, Source } from "./source.ts";

export interface OrderedOptions {
  /** Bytes of one read (8 MiB). */
  readonly window?: number;
  /** Reads at once (8). */
  readonly parallel?: number;
  /** Where the buffers come from; without one, a pool that holds `parallel` windows. */
  readonly pool?: BufferPool;
}

/**
 * All of `source` in order, fetched by several reads at once, so that one slow connection is not the limit. Buffers are reused; at most
 * `parallel` windows (and never more than the pool's budget) are in memory. Closing it closes `source`.
 */
export function inOrder(source: Source, options: OrderedOptions = {}): ByteStream {
  const { window = 8_388_608, parallel = 8 } = options;
  return {
    label: source.label,
    identity: source.identity,
    async *chunks(signal) {
      const pool = options.pool ?? createPool(window * parallel);
      const stop = new AbortController();
      const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
      const running: Promise<Read>[] = [];
      let next = 0;
      const start = () => {
        const offset = next;
        const size = Math.min(window, source.size - offset);
        next += size;
        const reading = readOne(source, offset, size, pool, both);
        reading.catch(() => {});
        running.push(reading);
      };
      try {
        for (;;) {
          while (running.length < parallel && next < source.size) start();
          const first = running.shift();
          if (!first) return;
          const { loan, bytes } = await first;
          try {
            if (signal?.aborted) throw new Cancelled();
            yield bytes;
          } finally {
            loan.release();
          }
        }
      } finally {
        stop.abort();
        for (const { status, value } of (await Promise.allSettled(running)).map(settled))
          if (status === "fulfilled") value?.loan.release();
      }
    },
    close: () => source.close(),
  };
}

interface Read {
  readonly loan: Loan;
  readonly bytes: Uint8Array;
}

function settled(result: PromiseSettledResult<Read>): { readonly status: string; readonly value: Read | undefined } {
  return { status: result.status, value: result.status === "fulfilled" ? result.value : undefined };
}

async function readOne(
  source: Source,
  offset: number,
  size: number,
  pool: BufferPool,
  signal: AbortSignal,
): Promise<Read> {
  const loan = await pool.acquire(size, signal);
  try {
    const bytes = await source.read(offset, loan.bytes, signal);
    return { loan, bytes: loan.bytes.subarray(0, bytes) };
  } catch (error) {
    loan.release();
    throw error;
  }
}
