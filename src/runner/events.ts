import type { Event, Log } from "../action/context.ts";
import { time } from "../action/describe.ts";
import { neutralise } from "./neutral.ts";
import { Phases } from "./phases.ts";
import type { Printer } from "./printer.ts";
import { ProgressView } from "./progress.ts";

/** A wait that a person would notice (milliseconds); shorter ones are for debugging. */
const noticed = 5_000;

/** A log, and what events become in it. */
export interface Voice {
  readonly log: Log;
  readonly emit: (event: Event) => void;
}

/** Lets events speak through the log: phases that last, retries that take long; progress goes to the printer's own place. */
export function voiceOf(log: Log, printer: Printer, now: () => number): Voice {
  const phases = new Phases((line) => log.info(line));
  const progress = new ProgressView(now, printer.interval);
  const emit = (event: Event) => {
    if (event.kind === "phase") phases.take(event);
    else if (event.kind === "progress") {
      const line = progress.take(event);
      if (line) printer.progress(neutralise(line));
    } else {
      const line = `${event.what}: attempt ${event.attempt} failed (${event.reason}); again in ${time(event.delay)}`;
      if (event.delay >= noticed) log.info(line);
      else log.debug(line);
    }
  };
  const told: Log = {
    ...log,
    group: (title, body) =>
      log.group(title, async () => {
        try {
          return await body();
        } finally {
          phases.finish();
        }
      }),
  };
  return { log: told, emit };
}
