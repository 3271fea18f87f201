import type { Finding } from "../action/context.ts";
import { count, time } from "../action/describe.ts";
import { type Block, inline } from "../action/summary.ts";
import { UserError } from "../errors.ts";
import type { Check, ModelResult } from "./check.ts";
import { latencyPicture } from "./picture.ts";
import type { Baseline } from "./regression.ts";

const marks: Readonly<Record<Check["result"], string>> = {
  pass: "✅",
  warning: "⚠️",
  degraded: "⚠️",
  fail: "❌",
  "not looked at": "–",
};

/** One sentence fit for a pager. */
export function smokeHeadline(results: readonly ModelResult[]): string {
  const failed = results.filter((result) => result.verdict === "fail");
  if (failed.length > 0) {
    const worst = failed[0]!;
    const check = worst.checks.find((item) => item.result === "fail")!;
    return `Smoke test failed for ${failed.map((result) => result.key).join(", ")}: ${check.name}: ${check.seen}.`;
  }
  const degraded = results.filter((result) => result.verdict === "degraded");
  const all = `${count(results.length, "model")} ${results.length === 1 ? "answers" : "answer"}`;
  return degraded.length === 0
    ? `${all}: proven.`
    : `${all}; ${degraded.map((result) => result.key).join(", ")} degraded.`;
}

/** What passes and is told all the same; what several models share (a path that their server leaves open) is one warning. */
export function smokeWarnings(results: readonly ModelResult[]): readonly Finding[] {
  return told(results, ["warning", "degraded"]);
}

function told(results: readonly ModelResult[], kinds: readonly Check["result"][]): readonly Finding[] {
  const found = new Map<string, { readonly check: Check; readonly models: string[] }>();
  for (const { key, checks } of results) {
    for (const check of checks.filter(({ result }) => kinds.includes(result))) {
      const same = `${check.code}\n${check.seen}\n${check.remedy}`;
      const entry = found.get(same) ?? { check, models: [] };
      found.set(same, entry);
      entry.models.push(key);
    }
  }
  return [...found.values()].map(({ check, models }) => ({
    code: check.code ?? "SMOKE_SLOW",
    level: "warning",
    happened: `${models.join(", ")}: ${check.name}: ${check.seen}.`,
    next: check.remedy,
  }));
}

/** Table per model and a picture of their latencies, then the checks of each in full. */
export function smokeBlocks(results: readonly ModelResult[], baseline?: Baseline): readonly Block[] {
  if (results.length === 0) return [];
  const rows = results.map((result) => [
    marks[result.verdict],
    result.key,
    result.host,
    result.timings ? time(result.timings.firstTokenMs) : "",
    result.timings ? result.timings.tokensPerSecond.toFixed(0) : "",
    result.timings ? time(result.timings.totalMs) : "",
    result.checks
      .filter((check) => check.result === "fail" || check.result === "degraded")
      .map((check) => `${check.name}: ${check.seen}`)
      .join("\n"),
  ]);
  return [
    {
      kind: "table",
      head: ["", "model", "host", "first token", "tokens/s", "whole answer", "findings"],
      rows,
      right: [3, 4, 5],
    },
    ...latencyPicture(results, baseline),
    ...told(results, ["warning"]).map(
      ({ happened, next }) => ({ kind: "text", text: inline(`⚠️ ${happened} ${next}`) }) as const,
    ),
    ...results.map(
      (result) =>
        ({
          kind: "details",
          title: `Checks of ${result.key}`,
          open: result.verdict === "fail",
          blocks: [checkTable(result)],
        }) as const,
    ),
  ];
}

function checkTable(result: ModelResult): Block {
  return {
    kind: "table",
    head: ["", "check", "seen", "took", "what to do"],
    rows: result.checks.map((check) => [
      marks[check.result],
      check.name,
      check.seen,
      time(check.milliseconds),
      check.remedy,
    ]),
  };
}

/** The failure of a test in which not all models passed: every failed check, and what to do about each. */
export function smokeFailure(failed: readonly ModelResult[], all: number): UserError {
  const lines = failed.flatMap((result) =>
    result.checks.filter((check) => check.result === "fail").map((check) => ({ result, check })),
  );
  return new UserError("SMOKE_FAILED", {
    happened: `${count(failed.length, "model")} of ${all} failed:\n${lines.map(({ result, check }) => `  - ${result.key} (${result.host}): ${check.name}: ${check.seen} [${check.code}]`).join("\n")}`,
    next: [...new Set(lines.map(({ check }) => check.remedy))].join("\n"),
  });
}
