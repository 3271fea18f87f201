import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ReportFile, readReports, writeReport } from "../../../src/action/reports.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "eks-deploy-reports-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const report = (over: Partial<ReportFile>): ReportFile => ({
  version: 1,
  action: "push-images",
  environment: undefined,
  outcome: "done",
  headline: "",
  startedAt: "2026-11-24T00:00:00.000Z",
  seconds: 1,
  planSha256: undefined,
  changes: [],
  outputs: { registry: "r" },
  failure: undefined,
  ...over,
});

describe("the reports of earlier steps", () => {
  it("count when the step was carried out, and only then", async () => {
    await writeReport(join(folder, "done"), report({}), null);
    await writeReport(join(folder, "failed"), report({ action: "sync-checkpoints", outcome: "failed" }), null);
    await writeReport(join(folder, "planned"), report({ action: "ensure-irsa", dryRun: true }), null);
    expect([...(await readReports(folder)).keys()]).toEqual(["push-images.registry"]);
  });
});
