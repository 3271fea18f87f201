import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { World } from "../../../sandbox/world.ts";
import { workflowOf } from "../../unit/workflows/files.ts";
import { apiKey, filesBelow, logOf, openPlace, type Place, told } from "./place.ts";
import { type Call, runWorkflow, type WorkflowRun } from "./run-workflow.ts";

const release = workflowOf(".github/workflows/release.yml");
const plan = workflowOf(".github/workflows/plan.yml");
const smoke = workflowOf(".github/workflows/smoke.yml");

let place: Place;
let world: World;
let folder: string;

beforeAll(async () => {
  place = await openPlace();
  ({ world, folder } = place);
});

afterAll(async () => {
  expect(place?.world.defects ?? []).toEqual([]);
  await place?.close();
});

function call(inputs: Readonly<Record<string, unknown>> = {}, run = "first"): Call {
  return place.call(run, { inputs: { environment: "dev", ...inputs } });
}

describe("the workflows on the sandbox", { timeout: 180_000 }, () => {
  let first: WorkflowRun;

  it("with plan-only writes nothing and runs no other job", async () => {
    const run = await runWorkflow(release, call({ "plan-only": true }, "plan-only"));
    expect(told(run), logOf(run)).toEqual(["plan: success"]);
    expect(run.outputs["headline"]).toContain("would be released");
    expect(world.requests.writes().map((request) => request.name)).toEqual([]);
  });

  it("does not deploy when one model's transfer fails, and keeps what the others sent", async () => {
    const forbidden = {
      status: 403,
      headers: {},
      body: "<Error><Code>AccessDenied</Code><Message>no</Message></Error>",
    };
    world.faults.add({
      service: "s3",
      operation: /^(PutObject|CreateMultipartUpload)$/,
      resource: /checkpoints\/point\//,
      times: 99,
      effect: { kind: "answer", answer: forbidden },
    });
    const run = await runWorkflow(release, call());
    world.faults.clear();
    expect(told(run), logOf(run)).toEqual([
      "plan: success",
      "push-images: success",
      "sync-checkpoints (laguna-m): success",
      "sync-checkpoints (laguna-xs): success",
      "sync-checkpoints (point): failure",
    ]);
    expect(run.result("deploy")).toBe("skipped");
    expect(run.outputs["passed"] ?? "").toBe("");
  });

  it("goes on in a second attempt with what is missing, and deploys exactly what was planned", async () => {
    first = await runWorkflow(release, call());
    expect(told(first), logOf(first)).toEqual([
      "plan: success",
      "sync-checkpoints (point): success",
      "deploy: success",
    ]);
    expect(first.jobs[0]!.outputs["plan-sha256"]).toMatch(/^[0-9a-f]{64}$/);
    expect(first.outputs).toMatchObject({ passed: "true", "record-artifact": "eks-deploy-dev-deploy" });
    expect(first.outputs["record-sha256"]).toMatch(/^[0-9a-f]{64}$/);
    expect(first.outputs["headline"]).toContain("Released 3 models");
  });

  it("keeps report and plan of every job, record and values, and no secret in them", () => {
    const artifacts = join(folder, "first", "artifacts");
    const kept = filesBelow(artifacts);
    expect(kept).toEqual([
      ...["inference_values.yaml", "plan.json", "record.json", "report.json"].map(
        (file) => `eks-deploy-dev-deploy/${file}`,
      ),
      ...[
        "plan",
        "push-images",
        "sync-checkpoints-laguna-m",
        "sync-checkpoints-laguna-xs",
        "sync-checkpoints-point",
      ].flatMap((job) => [
        ...(job === "plan" ? ["eks-deploy-dev-plan/inference_values.yaml"] : []),
        ...["plan.json", "report.json"].map((file) => `eks-deploy-dev-${job}/${file}`),
      ]),
    ]);
    for (const path of kept) expect(readFileSync(join(artifacts, path), "utf8"), path).not.toContain(apiKey);
    expect(logOf(first)).not.toContain(apiKey);
  });

  it("asks nobody when it runs again and nothing changes, and ends with the record that is there", async () => {
    const mark = world.requests.all.length;
    const run = await runWorkflow(release, call({}, "again"));
    expect(told(run), logOf(run)).toEqual(["plan: success"]);
    expect(run.result("deploy")).toBe("skipped");
    expect(world.requests.writes(mark)).toEqual([]);
    const { "record-uri": uri, "record-sha256": sha256 } = first.outputs;
    expect(run.outputs).toEqual({
      "record-uri": uri,
      "record-sha256": sha256,
      "record-artifact": "eks-deploy-dev-plan",
      passed: "true",
      headline: "inference (dev) is up to date.",
    });
    expect(filesBelow(join(folder, "again/artifacts"))).toEqual(
      ["inference_values.yaml", "plan.json", "record.json", "report.json"].map((file) => `eks-deploy-dev-plan/${file}`),
    );
  });

  it("asks for the approval, and asks the models, where the newest smoke test of what is live failed", async () => {
    world.models.troubles.add({ kind: "malformed" });
    expect((await runWorkflow(smoke, call({ environments: "dev" }, "red"))).outputs["passed"]).toBe("false");
    const red = await runWorkflow(release, call({}, "red"));
    world.models.troubles.clear();
    expect(told(red), logOf(red)).toEqual(["plan: success", "deploy: failure"]);
    expect(red.outputs).toMatchObject({ passed: "false", "record-sha256": "" });
    const green = await runWorkflow(release, call({}, "green"));
    expect(told(green), logOf(green)).toEqual(["plan: success", "deploy: success"]);
    expect(green.outputs).toMatchObject({ passed: "true", "record-sha256": first.outputs["record-sha256"] });
    expect((await runWorkflow(smoke, call({ environments: "dev" }, "green"))).outputs["passed"]).toBe("true");
    expect(told(await runWorkflow(release, call({}, "green")))).toEqual(["plan: success"]);
  });

  it("asks for the approval where what is live is proven by no record, though nothing else changes", async () => {
    const latest = "eks-deploy/latest/dev/inference";
    const named = world.aws.s3.read(place.bucket, latest)!;
    world.aws.s3.bucket(place.bucket).delete(latest);
    const run = await runWorkflow(release, call({}, "unproven"));
    expect(told(run), logOf(run)).toEqual(["plan: success", "deploy: success"]);
    expect(run.jobs[0]!.outputs).toMatchObject({ unchanged: "false", "record-sha256": "" });
    expect(run.outputs).toMatchObject({ passed: "true", "record-artifact": "eks-deploy-dev-deploy" });
    expect(world.aws.s3.read(place.bucket, latest)).not.toEqual(named);
  });

  it("asks for the approval where a secret blots out that nothing changes", async () => {
    const run = await runWorkflow(release, { ...call({}, "blotted-out"), masked: ["true"] });
    expect(told(run), logOf(run)).toEqual(["plan: success", "deploy: success"]);
  });

  it("plan.yml finds nothing to change then, and writes no comment where there is no pull request", async () => {
    const run = await runWorkflow(plan, call({}, "plan"));
    expect(told(run), logOf(run)).toEqual(["plan: success"]);
    expect(run.result("comment")).toBe("skipped");
    expect(run.outputs).toMatchObject({ changes: "0", headline: expect.stringContaining("up to date") });
  });

  it("smoke.yml asks the models of each environment, and leaves its report", async () => {
    const run = await runWorkflow(smoke, call({ environments: "dev" }, "smoke"));
    expect(told(run), logOf(run)).toEqual(["smoke: success"]);
    expect(run.outputs["passed"]).toBe("true");
    expect(filesBelow(join(folder, "smoke", "artifacts"))).toEqual(["eks-deploy-smoke/report.json"]);
  });

  it("deploys nothing where a secret of few characters blots out the digest of the approved plan", async () => {
    const given = call({}, "blotted");
    const mark = world.requests.all.length;
    const run = await runWorkflow(release, { ...given, masked: [..."0123456789abcdef"] });
    expect(told(run).at(-1), logOf(run)).toBe("deploy: failure");
    const [refusal, ...others] = run.jobs.at(-1)!.steps;
    expect(refusal!.annotations).toMatchObject([{ level: "error", message: expect.stringContaining("masked value") }]);
    expect(others).toEqual([]);
    expect(world.requests.writes(mark).filter(({ service }) => /^(iam|kubernetes)$/.test(service))).toEqual([]);
  });

  it("refuses another spec than the approved one, though the bundle could not be read when the plan was made", async () => {
    const unread = "intake/unread.tar.gz";
    const packed = readFileSync(join(folder, "bundle.tar.gz"));
    world.aws.s3.put(place.bucket, unread, Buffer.concat([packed, gzipSync("")]));
    const given = call({ bundle: `s3://${place.bucket}/${unread}` }, "other-spec");
    const files = { ...given.files };
    const before = async (job: string) => {
      if (job === "deploy") files["eks-deploy.yaml"] = files["eks-deploy.yaml"]!.replace("gpus: 4", "gpus: 2");
    };
    const mark = world.requests.all.length;
    const run = await runWorkflow(release, { ...given, files, before });
    expect(told(run), logOf(run)).toEqual(["plan: success", "push-images: success", "deploy: failure"]);
    expect(run.jobs.at(-1)!.steps.at(-1)!.annotations).toMatchObject([
      { message: expect.stringContaining("approved is") },
    ]);
    expect(world.requests.writes(mark).filter(({ service }) => /^(iam|kubernetes)$/.test(service))).toEqual([]);
  });

  it("releases a compressed bundle by the approval that was given before the bundle was read", async () => {
    const bundle = `s3://${place.bucket}/intake/poolside-2611.tar.gz`;
    const run = await runWorkflow(release, call({ bundle }, "compressed"));
    expect(told(run), logOf(run)).toEqual(["plan: success", "push-images: success", "deploy: success"]);
    const { "plan-sha256": approved, "transfer-models": models } = run.jobs[0]!.outputs;
    expect(models).toBe("[]");
    expect(run.jobs[0]!.steps[0]!.outputs).toMatchObject({ "plan-complete": "false", "plan-sha256": approved });
    const again = await runWorkflow(release, call({ bundle, "plan-only": true }, "compressed"));
    expect(again.jobs[0]!.steps[0]!.outputs["plan-complete"]).toBe("true");
    expect(again.jobs[0]!.outputs["plan-sha256"]).not.toBe(approved);
  });
});
