import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { workflowOf } from "../../unit/workflows/files.ts";
import { type Clusters, layClusters } from "./clusters.ts";
import { apiKey, filesBelow, logOf, openPlace, type Place, told } from "./place.ts";
import { runWorkflow, type WorkflowRun } from "./run-workflow.ts";

const promote = workflowOf(".github/workflows/promote.yml");

let place: Place;
let clusters: Clusters;

beforeAll(async () => {
  place = await openPlace();
  clusters = await layClusters(place, ["staging", "production"], {
    production: "deploy: { surge: recreate }",
  });
}, 180_000);

afterAll(async () => {
  expect(place?.world.defects ?? []).toEqual([]);
  await place?.close();
});

function example(name: string, over: Parameters<Clusters["call"]>[1] = {}): Promise<WorkflowRun> {
  return runWorkflow(workflowOf(`workflows-examples/${name}.yml`), clusters.call(name, over));
}

const inputs = { from: "staging", to: "production" };
const writes = (mark = 0) => place.world.requests.writes(mark).map(({ service, name }) => `${service} ${name}`);

describe("from a release to a promotion", { timeout: 240_000 }, () => {
  it("full-release.yml sends images and checkpoints side by side, and deploys what was planned", async () => {
    const run = await example("full-release");
    expect(told(run), logOf(run)).toEqual(
      [
        "plan",
        "push-images",
        ...["laguna-m", "laguna-xs", "point"].map((key) => `sync-checkpoints (${key})`),
        "deploy",
      ].map((job) => `staging / ${job}: success`),
    );
    expect(run.jobs.at(-1)!.outputs).toMatchObject({ passed: "true", "record-artifact": "eks-deploy-staging-deploy" });
  });

  it("promote.yml refuses what was not green for long enough, before anybody is asked, with nothing written", async () => {
    const mark = place.world.requests.all.length;
    const run = await runWorkflow(promote, clusters.call("soak", { inputs: { ...inputs, "min-soak": "24h" } }));
    expect(told(run), logOf(run)).toEqual(["plan: failure"]);
    expect(logOf(run)).toContain("min-soak is 24 h");
    expect(run.result("promote")).toBe("skipped");
    expect(run.outputs["headline"]).not.toBe("");
    expect(writes(mark)).toEqual([]);
  });

  it("promote.yml with plan-only shows what would move, and writes nothing", async () => {
    const mark = place.world.requests.all.length;
    const run = await runWorkflow(promote, clusters.call("plan-only", { inputs: { ...inputs, "plan-only": true } }));
    expect(told(run), logOf(run)).toEqual(["plan: success"]);
    expect(run.jobs[0]!.outputs["plan-sha256"]).toMatch(/^[0-9a-f]{64}$/);
    expect(run.jobs[0]!.steps[0]!.summary).toContain("acme-models-production");
    expect(writes(mark)).toEqual([]);
  });

  it("promote.yml moves what staging has proven, and keeps record, report, plan and values", async () => {
    const run = await example("promote", { inputs: { record: "latest" } });
    expect(told(run), logOf(run)).toEqual(["production / plan: success", "production / promote: success"]);
    const [, promoted] = run.jobs;
    expect(promoted!.outputs).toMatchObject({
      passed: "true",
      "record-artifact": "eks-deploy-production-promote",
      headline: expect.stringContaining("Promoted 3 models from staging"),
    });
    const artifacts = join(place.folder, "promote/production/artifacts");
    const kept = filesBelow(artifacts);
    expect(kept).toEqual(
      [
        ...["inference_values.yaml", "plan.json", "report.json"].map((file) => `eks-deploy-production-plan/${file}`),
        ...["inference_values.yaml", "plan.json", "record.json", "report.json"].map(
          (file) => `eks-deploy-production-promote/${file}`,
        ),
      ].sort(),
    );
    for (const path of kept) expect(readFileSync(join(artifacts, path), "utf8"), path).not.toContain(apiKey);
  });

  it("promote.yml writes nothing the second time, and asks nobody for it", async () => {
    const latest = place.world.aws.s3.read("acme-models-production", "eks-deploy/latest/production/inference");
    const mark = place.world.requests.all.length;
    const run = await runWorkflow(promote, clusters.call("again", { inputs }));
    expect(told(run), logOf(run)).toEqual(["plan: success"]);
    expect(run.outputs).toMatchObject({
      passed: "true",
      "record-sha256": String(latest).trim(),
      "record-artifact": "eks-deploy-production-plan",
    });
    expect(writes(mark)).toEqual([]);
  });

  it("rotate-key.yml changes nothing but the key, and proves it", async () => {
    const mark = place.world.requests.all.length;
    const run = await example("rotate-key", { secrets: { VLLM_API_KEY: "canary-new-key-51d0" } });
    expect(told(run), logOf(run)).toEqual(["rotate / plan: success", "rotate / deploy: success"]);
    expect(run.jobs[1]!.outputs["passed"]).toBe("true");
    expect(writes(mark).filter((write) => /^(ecr|iam|registry) /.test(write))).toEqual([]);
    expect(logOf(run)).not.toContain("canary-new-key-51d0");
  });

  it("promote.yml stops where another release became the latest between plan and approval", async () => {
    // The key that staging has: production got another one above, so the promotion has something to write.
    const before = async (job: string) => {
      if (job !== "promote") return;
      const moved = clusters.call("moved");
      const files = {
        "eks-deploy.yaml": moved.files["eks-deploy.yaml"]!.replace("modelName: Point,", "modelName: Point-2,"),
      };
      const run = await runWorkflow(workflowOf("workflows-examples/full-release.yml"), { ...moved, files });
      expect(told(run).at(-1), logOf(run)).toBe("staging / deploy: success");
    };
    const run = await runWorkflow(promote, clusters.call("late", { inputs, before }));
    expect(told(run), logOf(run)).toEqual(["plan: success", "promote: failure"]);
    expect(logOf(run)).toContain("approved");
  });
});
