import { count, time } from "../action/describe.ts";
import type { Block } from "../action/summary.ts";
import type { ModelResult } from "./check.ts";

/** A smoke test that was made, as it is kept. */
export interface PastTest {
  /** ms since the epoch */
  readonly at: number;
  /** By model; what another version kept may lack parts. */
  readonly results: Readonly<Record<string, Partial<ModelResult>>>;
}

const bars = "▁▂▃▄▅▆▇█";

/** A model that failed, and one that this test did not ask. */
const [failed, absent] = ["×", "·"];

/**
 * How long the models' answers took in the last tests, one character a test, the oldest first; `×` where a model failed. Each line has its own scale, from
 * nothing to the longest. Nothing before there are two tests. Pure.
 */
export function trendPicture(tests: readonly PastTest[]): readonly Block[] {
  const [first, last] = [tests.at(0), tests.at(-1)];
  if (!first || !last || tests.length < 2) return [];
  const keys = Object.keys(last.results);
  const pad = Math.max(...keys.map((key) => key.length), 0);
  const lines = keys.map((key) => `${key.padEnd(pad)}  ${lineOf(tests.map(({ results }) => results[key]))}`);
  const legend = `${" ".repeat(pad)}  ${count(tests.length, "test")} in ${time(last.at - first.at)}: whole answer, median of each; ${failed} failed`;
  return lines.length === 0 ? [] : [{ kind: "code", language: "text", text: [...lines, legend].join("\n") }];
}

function lineOf(results: readonly (Partial<ModelResult> | undefined)[]): string {
  const times = results.flatMap((result) => (passedTime(result) === undefined ? [] : [passedTime(result)!]));
  const longest = Math.max(...times, 0);
  const picture = results.map((result) => mark(result, longest)).join("");
  const failures = results.filter((result) => result?.verdict === "fail").length;
  const range = times.length === 0 ? [] : [`${time(Math.min(...times))} to ${time(longest)}`];
  return [picture, [...range, ...(failures > 0 ? [`${failures} failed`] : [])].join(", ")].join("  ");
}

function mark(result: Partial<ModelResult> | undefined, longest: number): string {
  if (result?.verdict === "fail") return failed;
  const value = passedTime(result);
  if (value === undefined) return absent;
  return bars[Math.min(bars.length - 1, Math.floor((value / longest) * bars.length))]!;
}

function passedTime(result: Partial<ModelResult> | undefined): number | undefined {
  const value = result?.verdict === "fail" ? undefined : result?.timings?.totalMs;
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined;
}

/** Whether two tests found the same: the same models with the same checks that did not pass, whatever was measured. Pure. */
export function sameState(before: PastTest["results"], now: PastTest["results"]): boolean {
  return stateOf(before) === stateOf(now);
}

function stateOf(results: PastTest["results"]): string {
  return Object.entries(results)
    .flatMap(([key, { checks = [] }]) => [
      key,
      ...checks
        .filter(({ result }) => result !== "pass" && result !== "not looked at")
        .map(({ name, code, result }) => `${key}/${name}/${code}/${result}`),
    ])
    .sort()
    .join("\n");
}
