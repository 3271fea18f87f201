/** The part of vitest's JSON report that counts. */
export interface VitestReport {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
}

/** What came of a layer. */
export interface Result {
  readonly layer: string;
  readonly software: readonly string[];
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Seconds of installing. */
  readonly setup: number;
  /** Seconds of its tests. */
  readonly seconds: number;
  /** Why it cannot run on this machine: no test of it ran, none counts as passed. */
  readonly cannotRun?: string;
  /** Why it counts as failed. */
  readonly broken?: string;
}

/** All layers as one report: a layer that broke without a failed test counts as a failed file, one that cannot run as a skipped test. */
export function totalOf(results: readonly Result[]): VitestReport {
  const sum = (of: (result: Result) => number) => results.reduce((total, result) => total + of(result), 0);
  const broken = sum(({ failed, broken }) => (broken !== undefined && failed === 0 ? 1 : 0));
  const failed = sum((result) => result.failed);
  return {
    success: failed === 0 && broken === 0,
    numPassedTests: sum(({ passed }) => passed),
    numFailedTests: failed,
    numFailedTestSuites: broken,
    numPendingTests: sum(({ skipped, cannotRun }) => skipped + (cannotRun === undefined ? 0 : 1)),
    numTodoTests: 0,
  };
}

const titles = ["layer", "tests", "passed", "failed", "skipped", "set-up", "time", "on"] as const;

/** A row for each layer, and below it why one did not run. */
export function tableOf(results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.layer,
    ...(result.cannotRun === undefined ? counts(result) : ["-", "-", "-", "all"]),
    ...[duration(result.setup), duration(result.seconds)],
    result.software.join("; "),
  ]);
  const widths = titles.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd();
  const notes = results.flatMap((result) => [
    ...(result.cannotRun === undefined ? [] : [`${result.layer} was skipped: it ${result.cannotRun}.`]),
    ...(result.broken === undefined ? [] : [`${result.layer} failed: ${result.broken}`]),
  ]);
  return [line(titles), line(widths.map((width) => "-".repeat(width))), ...rows.map(line), ...notes].join("\n");
}

function counts({ passed, failed, skipped }: Result): readonly string[] {
  return [passed + failed + skipped, passed, failed, skipped].map(String);
}

function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return minutes > 0 ? `${minutes} min ${Math.round(seconds % 60)} s` : `${seconds.toFixed(1)} s`;
}
