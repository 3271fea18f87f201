import { time } from "../action/describe.ts";
import type { Block } from "../action/summary.ts";
import type { ModelResult, Timings } from "./check.ts";
import type { Baseline } from "./regression.ts";

/** Characters of the longest bar. */
const width = 40;

/**
 * The medians of a smoke test as bars of text, which read the same in a summary, a log and a mail: until the first token, then until the end. Where a
 * baseline is known, its bar stands below. Nothing for models that gave no whole answer.
 */
export function latencyPicture(results: readonly ModelResult[], baseline: Baseline | undefined): readonly Block[] {
  const rows = results.flatMap(({ key, timings }) => {
    const before = baseline?.timings[key];
    return timings ? [{ name: key, timings }, ...(before ? [{ name: "  before", timings: before }] : [])] : [];
  });
  const longest = Math.max(0, ...rows.map(({ timings }) => timings.totalMs));
  if (longest === 0) return [];
  const pad = Math.max(...rows.map(({ name }) => name.length));
  const lines = rows.map(({ name, timings }) => `${name.padEnd(pad)}  ${bar(timings, longest)}  ${words(timings)}`);
  const legend = `${" ".repeat(pad)}  █ until the first token  ░ until the end of the answer${baseline ? `  before: ${baseline.label}` : ""}`;
  return [{ kind: "code", language: "text", text: [...lines, legend].join("\n") }];
}

function bar({ firstTokenMs, totalMs }: Timings, longest: number): string {
  const cells = (milliseconds: number) => Math.round((milliseconds / longest) * width);
  const whole = Math.max(1, cells(totalMs));
  const first = Math.min(whole, Math.max(1, cells(firstTokenMs)));
  return ("█".repeat(first) + "░".repeat(whole - first)).padEnd(width);
}

function words({ firstTokenMs, totalMs }: Timings): string {
  return `${time(firstTokenMs)} of ${time(totalMs)}`;
}
