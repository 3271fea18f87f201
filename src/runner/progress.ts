import type { Event } from "../action/context.ts";
import { size, time } from "../action/describe.ts";

type Progress = Extract<Event, { kind: "progress" }>;

/** How one task stands: percent, rate over the last seconds, time left. Redrawn on a terminal; sparse in a CI log. */
export class ProgressView {
  private readonly tasks = new Map<
    string,
    { samples: { at: number; done: number }[]; printed: number; last: Progress }
  >();
  private readonly now: () => number;
  private readonly interval: number;

  /** `now` in milliseconds; `interval`: least milliseconds between two lines of a task. */
  constructor(now: () => number, interval: number) {
    this.now = now;
    this.interval = interval;
  }

  /** The line to print for this event, or nothing when it is too soon. The first and the last step of a task do not count as progress. */
  take(event: Progress): string | undefined {
    const at = this.now();
    let task = this.tasks.get(event.task);
    if (!task || event.done < task.last.done) {
      task = { samples: [], printed: at, last: event };
      this.tasks.set(event.task, task);
    }
    task.last = event;
    task.samples.push({ at, done: event.done });
    while (task.samples.length > 2 && at - task.samples[0]!.at > 10_000) task.samples.shift();
    if (at - task.printed < this.interval) return undefined;
    task.printed = at;
    return line(event, rateOf(task.samples));
  }
}

function rateOf(samples: readonly { at: number; done: number }[]): number {
  const [first] = samples;
  const last = samples.at(-1);
  if (!first || !last || last.at <= first.at) return 0;
  return ((last.done - first.done) / (last.at - first.at)) * 1_000;
}

/** `images  34 %  6.8 GiB of 20.0 GiB  412 MiB/s  31 s left` */
function line(event: Progress, perSecond: number): string {
  const amount = (value: number) => (event.unit === "bytes" ? size(value) : value.toLocaleString("en-US"));
  const parts = [event.task];
  if (event.total)
    parts.push(`${Math.floor((event.done / event.total) * 100)} %`, `${amount(event.done)} of ${amount(event.total)}`);
  else parts.push(amount(event.done));
  if (perSecond > 0) {
    parts.push(`${amount(Math.round(perSecond))}/s`);
    if (event.total && event.total > event.done)
      parts.push(`${time(((event.total - event.done) / perSecond) * 1_000)} left`);
  }
  return parts.join("  ");
}
