/** Watches for silence on a connection, only while something is expected from it: time that we take ourselves does not count. */
export interface Watch {
  /** From now on something must happen within `milliseconds` (else those given at the start). */
  arm(milliseconds?: number): void;
  disarm(): void;
  /** Ends it for good: no timer is left behind, which would keep the request in memory. */
  stop(): void;
}

/** `onSilence` hears once of a silence, with its length in ms. */
export function watchSilence(usual: number, onSilence: (milliseconds: number) => void): Watch {
  let timer: NodeJS.Timeout | undefined;
  let current = 0;
  let armed = false;
  let stopped = false;
  return {
    arm(milliseconds = usual) {
      if (stopped) return;
      armed = true;
      // One timer is refreshed rather than made anew for every chunk.
      if (timer && current === milliseconds) {
        timer.refresh();
        return;
      }
      clearTimeout(timer);
      current = milliseconds;
      timer = setTimeout(() => {
        if (armed) onSilence(milliseconds);
      }, milliseconds);
      timer.unref();
    },
    disarm() {
      armed = false;
    },
    stop() {
      stopped = true;
      armed = false;
      clearTimeout(timer);
    },
  };
}
