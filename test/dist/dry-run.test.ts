import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startWorld, type World } from "../../sandbox/world.ts";
import { createJob, type Job } from "../support/job.ts";

let world: World;
let job: Job;

beforeAll(async () => {
  world = await startWorld({ pace: 0.02 });
  job = createJob(world, 0.02);
});

afterAll(async () => {
  job?.remove();
  await world?.close();
});

/** Paths below the workspace, to see what a step leaves there. */
function workspace(): readonly string[] {
  return (readdirSync(job.workspace, { recursive: true }) as string[]).sort();
}

describe("each action alone, in the order of a release", () => {
  it.each([
    ["push-images", []],
    ["sync-checkpoints", []],
    ["ensure-irsa", []],
    ["render-values", ["inference_values.yaml"]],
    ["helm-deploy", []],
    ["smoke-test", []],
  ])("%s plans without a write, does what it planned, and has nothing to do again", async (name, files) => {
    const mark = () => world.requests.all.length;
    const writes = (since: number) => world.requests.writes(since).map(({ service, name }) => `${service} ${name}`);
    const reports = { reports: join(job.folder, "reports") };
    const before = workspace();
    const start = mark();

    const dry = await job.run(name, { ...reports, "dry-run": "true" });
    expect(dry.status, dry.log.join("\n")).toBe(0);
    expect(writes(start)).toEqual([]);
    expect(workspace().filter((path) => !before.includes(path))).toEqual(files);
    expect(dry.outputs).toMatchObject({ changed: "false", "plan-sha256": expect.stringMatching(/^[0-9a-f]{64}$/) });
    const plan = JSON.parse(readFileSync(dry.outputs["plan"]!, "utf8")) as { changes: readonly unknown[] };
    expect(String(plan.changes.length)).toBe(dry.outputs["changes"]);

    const real = await job.run(name, { ...reports, "approved-plan": dry.outputs["plan-sha256"]! });
    expect(real.status, real.log.join("\n")).toBe(0);
    expect(real.outputs["changes"]).toBe(dry.outputs["changes"]);
    job.keepReport(name, real);

    const done = mark();
    const again = await job.run(name, { ...reports, "approved-plan": dry.outputs["plan-sha256"]! });
    expect(again.status, again.log.join("\n")).toBe(0);
    expect(writes(done)).toEqual([]);
    expect(again.outputs).toMatchObject({ changed: "false", changes: "0" });
    for (const { outputs } of [dry, real, again]) expect(outputs["headline"]).toMatch(/\S.*\.$/);
  });
});

describe("a plan", () => {
  const elsewhere = { "repository-prefix": "elsewhere" };

  it("that is not empty fails with fail-on-changes, and says what would change", async () => {
    const mark = world.requests.all.length;
    const result = await job.run("push-images", { "dry-run": "true", "fail-on-changes": "true", ...elsewhere });
    expect(result.status).toBe(1);
    expect(result.annotations[0]).toMatchObject({ properties: "title=CHANGES_PLANNED" });
    expect(result.annotations[0]?.message).toContain("create repository elsewhere/atlas");
    expect(world.requests.writes(mark)).toEqual([]);
  });

  it("of another end state than the approved one stops the action", async () => {
    const mark = world.requests.all.length;
    const result = await job.run("push-images", { "approved-plan": "0".repeat(64), ...elsewhere });
    expect(result.status).toBe(1);
    expect(result.annotations[0]).toMatchObject({ properties: "title=PLAN_DIFFERS" });
    expect(world.requests.writes(mark)).toEqual([]);
  });
});
