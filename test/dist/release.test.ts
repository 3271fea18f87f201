import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StepResult } from "../../sandbox/runner/step.ts";
import { startWorld, type World } from "../../sandbox/world.ts";
import { createJob, type Job, jobKey } from "../support/job.ts";

const singles = [
  "push-images",
  "sync-checkpoints",
  "ensure-irsa",
  "render-values",
  "helm-deploy",
  "smoke-test",
] as const;

/** The step passed; its log is the message where it did not. */
function passed(result: StepResult): StepResult {
  expect(result.status, result.log.join("\n")).toBe(0);
  return result;
}

describe.each([3, 4] as const)("a release with helm %i, through dist/", (helm) => {
  let world: World;
  let job: Job;
  let first: StepResult;

  beforeAll(async () => {
    world = await startWorld({ pace: 0.02, helm });
    job = createJob(world);
  });

  afterAll(async () => {
    job?.remove();
    expect(world?.defects ?? []).toEqual([]);
    await world?.close();
  });

  it("plans everything and writes nothing in a dry run", async () => {
    const plan = passed(await job.run("release", { command: "plan" }));
    expect(world.requests.writes().map((request) => request.name)).toEqual([]);
    expect(Number(plan.outputs["changes"])).toBeGreaterThan(8);
    expect(plan.outputs["changed"]).toBe("false");
    expect(plan.outputs["plan-sha256"]).toMatch(/^[0-9a-f]{64}$/);
  });

  it("releases the sample, proves it and writes a record", async () => {
    first = passed(await job.run("release"));
    expect(first.outputs).toMatchObject({ status: "deployed", revision: "1", passed: "true", changed: "true" });
    expect(Object.keys(JSON.parse(first.outputs["images"]!))).toEqual(["atlas", "public-docs"]);
    const record = JSON.parse(readFileSync(first.outputs["record"]!, "utf8"));
    expect(record).toMatchObject({ version: 1, environment: "dev", release: "inference", revision: 1 });
    expect(Object.keys(record.checkpoints)).toEqual(["laguna-m", "laguna-xs", "point"]);
    expect(first.summary).toContain("Where the time went");
  });

  it("reaches the planned end state: the same plan-sha256 before and after", async () => {
    const mark = world.requests.all.length;
    const again = passed(await job.run("release", { "approved-plan": first.outputs["plan-sha256"]! }));
    expect(again.outputs).toMatchObject({
      changes: "0",
      changed: "false",
      status: "unchanged",
      "record-sha256": first.outputs["record-sha256"],
    });
    expect(
      world.requests.writes(mark).map((request) => `${request.service} ${request.name} ${request.resource}`),
    ).toEqual([]);
  });

  it.each(singles)(
    "has nothing to write in a second run of %s alone, fed by the reports of the others",
    async (name) => {
      const mark = world.requests.all.length;
      const result = passed(await job.run(name, { reports: join(job.folder, "reports") }));
      job.keepReport(name, result);
      expect(
        world.requests.writes(mark).map((request) => `${request.service} ${request.name} ${request.resource}`),
      ).toEqual([]);
      expect(result.outputs).toMatchObject({ changes: "0", changed: "false" });
      expect(result.outputs["headline"]).toMatch(/\S.*\.$/);
    },
  );

  it("lets the key appear nowhere but in its mask", async () => {
    const unmasked = first.raw.replaceAll(`::add-mask::${jobKey}`, "");
    const told = [
      unmasked,
      JSON.stringify(first.outputs),
      first.summary,
      readFileSync(first.outputs["record"]!, "utf8"),
    ];
    told.push(readFileSync(first.outputs["report"]!, "utf8"), readFileSync(first.outputs["plan"]!, "utf8"));
    for (const text of told) expect(text).not.toContain(jobKey);
  });
});
