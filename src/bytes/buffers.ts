import { Cancelled, InternalError } from "../errors.ts";
import { besidePages } from "./chunks.ts";

/** A buffer on loan. Nobody may use `bytes` after `release`; releasing twice does nothing. */
export interface Loan {
  readonly bytes: Uint8Array;
  release(): void;
}

/** Buffers within an explicit budget: whoever asks for more waits, first come, first served. */
export interface BufferPool {
  /** Bytes that may be on loan at once. */
  readonly budget: number;
  /** Bytes on loan now. */
  readonly used: number;
  /** A buffer of exactly `size` bytes with arbitrary content. Rejects with `Cancelled` when `signal` aborts while it waits. */
  acquire(size: number, signal?: AbortSignal): Promise<Loan>;
}

interface Waiting {
  readonly size: number;
  grant(): void;
}

/** A pool of `budget` bytes. Returned buffers are kept for the next who asks for the same size; lent and kept together stay within the budget. */
export function createPool(budget: number): BufferPool {
  const kept: Uint8Array[] = [];
  const queue: Waiting[] = [];
  let used = 0;
  let keptBytes = 0;

  function take(size: number): Uint8Array {
    used += size;
    const at = kept.findIndex((buffer) => buffer.length === size);
    if (at >= 0) {
      keptBytes -= size;
      return kept.splice(at, 1)[0]!;
    }
    while (kept.length > 0 && used + keptBytes > budget) keptBytes -= kept.shift()!.length;
    return Buffer.allocUnsafeSlow(besidePages + size).subarray(besidePages);
  }

  function serve(): void {
    while (queue[0] && used + queue[0].size <= budget) queue.shift()!.grant();
  }

  function lend(size: number): Loan {
    const bytes = take(size);
    let out = true;
    return {
      bytes,
      release() {
        if (!out) return;
        out = false;
        used -= size;
        kept.push(bytes);
        keptBytes += size;
        serve();
      },
    };
  }

  return {
    budget,
    get used() {
      return used;
    },
    acquire(size, signal) {
      if (size > budget)
        return Promise.reject(
          new InternalError("INTERNAL", {
            happened: `A buffer of ${size} bytes was asked for where the whole budget is ${budget}.`,
            next: "Please report it with the log of this run.",
          }),
        );
      if (signal?.aborted) return Promise.reject(new Cancelled());
      if (queue.length === 0 && used + size <= budget) return Promise.resolve(lend(size));
      return new Promise((resolve, reject) => {
        const waiting: Waiting = {
          size,
          grant() {
            signal?.removeEventListener("abort", leave);
            resolve(lend(size));
          },
        };
        const leave = () => {
          queue.splice(queue.indexOf(waiting), 1);
          reject(new Cancelled());
          serve();
        };
        signal?.addEventListener("abort", leave, { once: true });
        queue.push(waiting);
      });
    },
  };
}
