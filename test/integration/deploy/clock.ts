import { type Clock, systemClock } from "../../../src/retry.ts";

/** A clock that runs `factor` times as fast as the machine's since `start`, in step with a sandbox whose pace is 1 / factor. */
export function fastClock(factor: number, start: number = Date.now()): Clock {
  return {
    now: () => start + (Date.now() - start) * factor,
    random: () => Math.random(),
    sleep: (milliseconds, signal) => systemClock.sleep(milliseconds / factor, signal),
  };
}
