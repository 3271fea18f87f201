import { bytesText, number, seconds } from "./figures.ts";
import { missesOf } from "./goals.ts";
import { reasonsOf } from "./reasons.ts";
import { type Findings, groundsOf } from "./report.ts";
import { quickTolerance } from "./rounds.ts";
import type { Side } from "./run.ts";

/** One side of a row as a line of the terminal. */
export function lineOf({ name, wall, cpu, work, memory, written, ratio, goal }: Side): string {
  return [
    name.padEnd(28),
    `${seconds(wall.median)} (${number(wall.least)} to ${number(wall.most)})`.padEnd(28),
    `cpu ${number(cpu.median)}`.padEnd(12),
    bytesText(memory).padEnd(9),
    `disk ${(written / 1e6).toFixed(1)} MB`.padEnd(16),
    work ? `work ${number(work.median)}` : "",
    ratio ? `${ratio.median.toFixed(2)}x (${ratio.least.toFixed(2)} to ${ratio.most.toFixed(2)})` : "",
    goal ? `goal ${goal.toFixed(2)}` : "",
  ]
    .join(" ")
    .trimEnd();
}

/** The end of a run: every goal that was missed, with its reason, and every row that failed. A quick run says what makes it fail. */
export function reasonLines(found: Findings): readonly string[] {
  const grounds = groundsOf(found);
  const lines = found.results.flatMap((result) => {
    const misses = missesOf(result, found.quick ? quickTolerance : 0);
    if (misses.length === 0) return [];
    return [
      ...misses.map(({ id, text }) => `${id}: missed: ${text}${found.quick ? ", less a quarter in a quick run" : ""}`),
      ...reasonsOf(result, misses, grounds).map((reason) => `  ${reason}`),
    ];
  });
  return [...lines, ...found.failures.map(({ id, text }) => `${id}: failed: ${text.split("\n")[0]}`)];
}
