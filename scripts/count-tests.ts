/** Prints `N passed, N failed` from vitest's JSON report; fails when a test failed, was skipped, or none ran. */
import { readFileSync } from "node:fs";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numFailedTestSuites: number;
}

const [path = ""] = process.argv.slice(2);
const report = JSON.parse(readFileSync(path, "utf8")) as Report;
const failed = Math.max(
  report.numFailedTests,
  report.numFailedTestSuites > 0 && report.numFailedTests === 0 ? report.numFailedTestSuites : 0,
);
const skipped = report.numPendingTests > 0 ? `, ${report.numPendingTests} skipped` : "";
console.log(`${report.numPassedTests} passed, ${failed} failed${skipped}`);
if (failed > 0 || report.numPassedTests === 0) process.exitCode = 1;
