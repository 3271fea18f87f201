import { bytesText, number, seconds } from "./figures.ts";
import type { Result, Side } from "./run.ts";

/** A goal that was not reached. */
export interface Miss {
  readonly id: string;
  /** With its figures. */
  readonly text: string;
  readonly kind: "ratio" | "work" | "memory" | "disk";
  /** The side that the goal is about. */
  readonly side: Side;
}

/** Bytes on the disk that are no bulk: reports and what a runner keeps. */
export const diskNoise = 1e6;

/** Goals that a row misses; with a tolerance, a ratio may be so much below its goal. Limits of time, which the machine makes, count only without one. */
export function missesOf({ row, sides }: Result, tolerance = 0): readonly Miss[] {
  const misses: Omit<Miss, "id">[] = [];
  for (const side of sides) {
    const { name, goal, ratio } = side;
    if (goal === undefined || !ratio || ratio.median >= goal * (1 - tolerance)) continue;
    const text = `${ratio.median.toFixed(2)} times ${name}, where the goal is ${goal.toFixed(2)}`;
    misses.push({ kind: "ratio", side, text });
  }
  const [own] = sides as readonly [Side, ...Side[]];
  if (tolerance === 0 && row.work !== undefined && own.work && own.work.median > row.work)
    misses.push({
      kind: "work",
      side: own,
      text: `${seconds(own.work.median)} of work, where the goal is ${seconds(row.work)}`,
    });
  if (own.memory > row.memory * (1 + tolerance))
    misses.push({
      kind: "memory",
      side: own,
      text: `${bytesText(own.memory)} of memory, where the goal is ${bytesText(row.memory)}`,
    });
  if (own.written > diskNoise)
    misses.push({
      kind: "disk",
      side: own,
      text: `${number(own.written / 1e6)} MB written to the disk, where the goal is none`,
    });
  return misses.map((miss) => ({ id: row.id, ...miss }));
}
