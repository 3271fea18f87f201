import { Cancelled } from "./errors.ts";

/** Time as the product sees it; tests give their own. Durations are milliseconds. */
export interface Clock {
  now(): number;
  /** Resolves after `milliseconds`; rejects with `Cancelled` as soon as `signal` aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** A number in [0, 1): the only source of jitter. */
  random(): number;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new Cancelled());
      const timer = setTimeout(done, milliseconds);
      function done() {
        signal?.removeEventListener("abort", abort);
        resolve();
      }
      function abort() {
        clearTimeout(timer);
        reject(new Cancelled());
      }
      signal?.addEventListener("abort", abort, { once: true });
    }),
};

/** What a failed attempt tells about the next one. */
export interface RetryAdvice {
  /** `false`: give up at once. */
  readonly retry: boolean;
  /** What the server asked for (`Retry-After`), in milliseconds; honoured as a minimum. */
  readonly after?: number;
}

export interface RetryOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Looks at what was thrown. */
  readonly advise: (thrown: unknown) => RetryAdvice;
  /** Attempts in all (6). */
  readonly attempts?: number;
  /** First delay; it doubles, with full jitter (500 ms). */
  readonly base?: number;
  /** Upper bound of one delay that the server did not ask for (20 s). */
  readonly ceiling?: number;
  /** No attempt begins later than this after the first (10 min). */
  readonly total?: number;
  /** Hears of every retry: the number of the attempt that failed, the delay in ms and what was thrown. */
  readonly onRetry?: (attempt: number, delay: number, thrown: unknown) => void;
}

/** Runs `attempt` until it succeeds, is told to give up, or the bounds are met; then throws what the last attempt threw. */
export async function retry<T>(attempt: (number: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, signal, advise, attempts = 6, base = 500, ceiling = 20_000, total = 600_000, onRetry } = options;
  const deadline = clock.now() + total;
  for (let number = 1; ; number += 1) {
    if (signal.aborted) throw new Cancelled();
    try {
      return await attempt(number);
    } catch (thrown) {
      const advice = advise(thrown);
      if (!advice.retry || number >= attempts || signal.aborted) throw thrown;
      const delay = Math.max(advice.after ?? 0, clock.random() * Math.min(ceiling, base * 2 ** (number - 1)));
      if (clock.now() + delay > deadline) throw thrown;
      onRetry?.(number, delay, thrown);
      await clock.sleep(delay, signal);
    }
  }
}
