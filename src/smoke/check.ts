/** How a check ended. `degraded` passes, but the model is worse than it should be; `warning` is advice that takes nothing from the verdict. */
export type CheckResult = "pass" | "warning" | "degraded" | "fail" | "not looked at";

/** One check of one model. */
export interface Check {
  readonly name: string;
  readonly result: CheckResult;
  /** What was seen, in a few words. */
  readonly seen: string;
  /** What to do about it; empty when it passed. */
  readonly remedy: string;
  /** Code of the catalogue for what did not pass. */
  readonly code?: string;
  readonly milliseconds: number;
}

/** Timings of the streamed answers of a model: medians over the samples. */
export interface Timings {
  readonly samples: number;
  readonly firstTokenMs: number;
  readonly tokensPerSecond: number;
  readonly totalMs: number;
}

/** All that is known of a model after its test. */
export interface ModelResult {
  readonly key: string;
  readonly host: string;
  readonly modelName: string;
  readonly verdict: "pass" | "degraded" | "fail";
  readonly checks: readonly Check[];
  readonly timings?: Timings;
  /** The beginning of the model's answer, cut. */
  readonly answer?: string;
}

/** A model's verdict: the worst of its checks. Warnings and what was not looked at do not count. */
export function verdictOf(checks: readonly Check[]): ModelResult["verdict"] {
  if (checks.some((check) => check.result === "fail")) return "fail";
  return checks.some((check) => check.result === "degraded") ? "degraded" : "pass";
}

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length === 0) return 0;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
