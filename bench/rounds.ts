import type { Spread } from "./measure.ts";

/** How often the sides of a row run. */
export interface RoundPlan {
  readonly least: number;
  readonly most: number;
}

/** Part of a goal by which a quick run may miss it: it has less data, and a machine that others use. */
export const quickTolerance = 0.25;

/** A first round that took less than this counts as a warm-up, in seconds: in a short one the loading of programs shows, in a long one it does not. */
const warmUp = 15;

export function isWarmUp(round: number, seconds: number): boolean {
  return round === 0 && seconds < warmUp;
}

/** A ratio that is held against a line: a goal, or what of it must be reached. */
export interface Verdict {
  readonly ratio: Spread;
  readonly line: number;
}

/** Whether a row has run often enough: as often as planned, and where pairs lie on both sides of a line, more often up to the most. */
export function isEnough(counted: number, { least, most }: RoundPlan, verdicts: readonly Verdict[]): boolean {
  if (counted < least) return false;
  return counted >= most || verdicts.every(({ ratio, line }) => ratio.least >= line || ratio.most < line);
}
