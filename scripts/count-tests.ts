/** Prints `N passed, N failed` of all of vitest's JSON reports that are named; fails when a test failed or none ran. */
import { readFileSync } from "node:fs";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numFailedTestSuites: number;
}

const reports = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, "utf8")) as Report);
const sum = (of: (report: Report) => number) => reports.reduce((total, report) => total + of(report), 0);

const passed = sum((report) => report.numPassedTests);
// A file that could not be loaded has no test of its own to count.
const failed = sum((report) => report.numFailedTests || report.numFailedTestSuites);
const pending = sum((report) => report.numPendingTests);
console.log(`${passed} passed, ${failed} failed${pending > 0 ? `, ${pending} skipped` : ""}`);
if (failed > 0 || passed === 0) process.exitCode = 1;
