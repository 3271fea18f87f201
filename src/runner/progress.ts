import type { Event } from "../action/context.ts";
import { size, time } from "../action/describe.ts";

type Progress = Extract<Event, { kind: "progress" }>;

interface Task {
  readonly samples: { at: number; done: number }[];
  last: Progress;
}

/** How long work stands: percent, rate over the last seconds, time left; all tasks that are under way in one line. */
export class ProgressView {
  private readonly tasks = new Map<string, Task>();
  private printed: number | undefined;
  private readonly now: () => number;
  private readonly interval: number;

  /** `now` in milliseconds; `interval`: least milliseconds between two lines. */
  constructor(now: () => number, interval: number) {
    this.now = now;
    this.interval = interval;
  }

  /** The line to print now, or nothing when it is too soon: work that takes no longer than the interval needs no line. */
  take(event: Progress): string | undefined {
    const at = this.now();
    const known = this.tasks.get(event.task);
    const task = known && event.done >= known.last.done ? known : { samples: [], last: event };
    task.last = event;
    task.samples.push({ at, done: event.done });
    while (task.samples.length > 2 && at - task.samples[0]!.at > 10_000) task.samples.shift();
    if (event.total !== undefined && event.done >= event.total) this.tasks.delete(event.task);
    else this.tasks.set(event.task, task);
    this.printed ??= at;
    if (this.tasks.size === 0 || at - this.printed < this.interval) return undefined;
    this.printed = at;
    return [...this.tasks.values()].map(line).join("   ");
  }
}

function rateOf(samples: readonly { at: number; done: number }[]): number {
  const [first] = samples;
  const last = samples.at(-1);
  if (!first || !last || last.at <= first.at) return 0;
  return ((last.done - first.done) / (last.at - first.at)) * 1_000;
}

/** `images  34 %  6.8 GiB of 20.0 GiB  412 MiB/s  31 s left` */
function line({ last, samples }: Task): string {
  const perSecond = rateOf(samples);
  const amount = (value: number) => (last.unit === "bytes" ? size(value) : value.toLocaleString("en-US"));
  const parts = [last.task];
  if (last.total)
    parts.push(`${Math.floor((last.done / last.total) * 100)} %`, `${amount(last.done)} of ${amount(last.total)}`);
  else parts.push(amount(last.done));
  if (perSecond > 0) {
    parts.push(`${amount(Math.round(perSecond))}/s`);
    if (last.total && last.total > last.done)
      parts.push(`${time(((last.total - last.done) / perSecond) * 1_000)} left`);
  }
  return parts.join("  ");
}
