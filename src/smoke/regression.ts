import type { Check, Timings } from "./check.ts";

/** Timings that were proven earlier, by model key. */
export interface Baseline {
  /** Where they were read, for people. */
  readonly label: string;
  readonly timings: Readonly<Record<string, Timings>>;
}

type Field = "firstTokenMs" | "tokensPerSecond" | "totalMs";

const rules: readonly { readonly name: string; readonly field: Field; readonly better: "less" | "more" }[] = [
  { name: "first token", field: "firstTokenMs", better: "less" },
  { name: "tokens per second", field: "tokensPerSecond", better: "more" },
  { name: "whole answer", field: "totalMs", better: "less" },
];

/** How much worse `now` is than `before`, in percent; negative when it is better. */
export function worsening(before: number, now: number, better: "less" | "more"): number {
  if (before <= 0 || now <= 0) return 0;
  return better === "less" ? (now / before - 1) * 100 : (before / now - 1) * 100;
}

/** Compares a model's medians with those that were proven earlier; worse by more than `limit` percent is degraded. */
export function regressionChecks(
  now: Timings,
  before: Timings,
  label: string,
  limit: number | undefined,
): readonly Check[] {
  return rules.map(({ name, field, better }): Check => {
    const percent = worsening(before[field], now[field], better);
    const how = percent >= 0 ? `${percent.toFixed(0)} % worse than` : `${(-percent).toFixed(0)} % better than`;
    const seen = `${how} ${label} (${round(now[field])}, then ${round(before[field])})`;
    const slow = limit !== undefined && percent > limit;
    return {
      name: `${name} against baseline`,
      result: slow ? "degraded" : "pass",
      seen,
      remedy: slow ? "Look at the pod's GPU, at other load on the node, and at what the release changed." : "",
      ...(slow ? { code: "SMOKE_SLOW" } : {}),
      milliseconds: 0,
    };
  });
}

function round(value: number): string {
  return value < 10 ? value.toFixed(1) : Math.round(value).toString();
}
