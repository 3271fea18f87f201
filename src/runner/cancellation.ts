import { Cancelled } from "../errors.ts";

/** One signal from SIGINT and SIGTERM to the last socket and child process; `grace` ends just before we are killed. */
export interface Cancellation {
  readonly signal: AbortSignal;
  readonly grace: AbortSignal;
  dispose(): void;
}

/** GitHub cancels with SIGINT, 7.5 s, SIGTERM, 2.5 s, SIGKILL; what must still be done has to be done before the last. */
const githubGrace = 9_000;

/** `grace`: how long what must still be done may take, ms. `onAgain` hears of every further signal. */
export function listenForCancellation(
  onFirst: (name: string) => void,
  { grace = githubGrace, onAgain }: { readonly grace?: number; readonly onAgain?: () => void } = {},
): Cancellation {
  const cancelled = new AbortController();
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const heard = (name: string) => {
    if (cancelled.signal.aborted) return onAgain?.();
    onFirst(name);
    timer = setTimeout(() => over.abort(new Cancelled("The time to settle a cancelled run is over.")), grace);
    timer.unref();
    cancelled.abort(new Cancelled(`The run was cancelled (${name}).`));
  };
  const onInterrupt = () => heard("SIGINT");
  const onTerminate = () => heard("SIGTERM");
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onTerminate);
  return {
    signal: cancelled.signal,
    grace: over.signal,
    dispose() {
      clearTimeout(timer);
      process.off("SIGINT", onInterrupt);
      process.off("SIGTERM", onTerminate);
    },
  };
}
