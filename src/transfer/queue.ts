import { Cancelled } from "../errors.ts";

/** What a piece of work is given when its turn comes. */
export interface Turn {
  /** Aborts on a cancel, and when another piece of the same queue has failed. */
  readonly signal: AbortSignal;
  /** To be called when a server asks for less (429, 503): the queue becomes narrower. */
  readonly slower: () => void;
}

export interface QueueOptions {
  /** Pieces at once, at most. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** Work that is done several pieces at a time, largest first. */
export interface WorkQueue {
  /** Adds a piece; `size` (bytes) decides its rank. Rejects with what `run` throws, or `Cancelled` where its turn never comes. */
  add<T>(size: number, run: (turn: Turn) => Promise<T>): Promise<T>;
  /** Resolves when nothing waits or runs any more; rejects with the first failure, once everything that ran has ended. */
  idle(): Promise<void>;
  /** Pieces at once, at present: halved when a server asks for less, one more after each round of successes, never under 1. */
  readonly width: number;
  /** Pieces that run now. */
  readonly running: number;
}

interface Waiting {
  readonly size: number;
  start(): Promise<void>;
  refuse(reason: unknown): void;
}

/**
 * A queue with adaptive width. The first failure aborts what runs and refuses what waits. A storm of refusals narrows it once: only pieces
 * that began after the last narrowing count.
 */
export function createQueue({ limit, signal }: QueueOptions): WorkQueue {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const waiting: Waiting[] = [];
  const watchers: { resolve(): void; reject(reason: unknown): void }[] = [];
  let width = limit;
  let running = 0;
  let successes = 0;
  let epoch = 0;
  let failure: { readonly reason: unknown } | undefined;

  function fail(reason: unknown): void {
    failure ??= { reason };
    stop.abort();
    for (const piece of waiting.splice(0)) piece.refuse(new Cancelled());
    settle();
  }

  function succeed(): void {
    successes += 1;
    if (successes < width || width >= limit) return;
    width += 1;
    successes = 0;
  }

  function settle(): void {
    if (running > 0 || waiting.length > 0) return;
    for (const watcher of watchers.splice(0)) failure ? watcher.reject(failure.reason) : watcher.resolve();
  }

  function next(): void {
    while (running < width && waiting.length > 0) {
      running += 1;
      void waiting
        .pop()!
        .start()
        .then(() => {
          running -= 1;
          next();
          settle();
        });
    }
  }

  signal.addEventListener("abort", () => fail(new Cancelled()), { once: true });
  return {
    get width() {
      return width;
    },
    get running() {
      return running;
    },
    add<T>(size: number, run: (turn: Turn) => Promise<T>): Promise<T> {
      const result = new Promise<T>((resolve, reject) => {
        if (failure || signal.aborted) return reject(new Cancelled());
        const start = async () => {
          let mine = epoch;
          let smooth = true;
          const slower = () => {
            smooth = false;
            if (mine < epoch) return;
            epoch += 1;
            mine = epoch;
            width = Math.max(1, Math.floor(width / 2));
            successes = 0;
          };
          try {
            resolve(await run({ signal: both, slower }));
            if (smooth) succeed();
          } catch (reason) {
            reject(reason);
            fail(reason);
          }
        };
        waiting.splice(rankOf(waiting, size), 0, { size, start, refuse: reject });
      });
      // Who only waits for `idle` hears of the failure there.
      result.catch(() => {});
      queueMicrotask(next);
      return result;
    },
    idle: () =>
      new Promise((resolve, reject) => {
        watchers.push({ resolve, reject });
        settle();
      }),
  };
}

/** Where a piece belongs among those that wait, sorted by size, so that the last is taken next; of equal ones the first that came. */
function rankOf(waiting: readonly Waiting[], size: number): number {
  let low = 0;
  let high = waiting.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (waiting[middle]!.size < size) low = middle + 1;
    else high = middle;
  }
  return low;
}
