import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { StepResult } from "../../sandbox/runner/step.ts";
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

/** One clear error: exit code 1, a code, a next step; outputs and summary tell of it too. Nothing was written, which afterEach sees. */
function refused(result: StepResult, code: RegExp): string {
  expect(result.status, result.log.join("\n")).toBe(1);
  const errors = result.annotations.filter((annotation) => annotation.level === "error");
  const last = errors.at(-1);
  expect(last?.properties).toMatch(code);
  expect(last?.message.split("\n").length, "what happened and what to do").toBeGreaterThan(1);
  expect(result.outputs["headline"]).toMatch(/\S/);
  expect(result.outputs).toMatchObject({ changed: "false", report: expect.stringMatching(/report\.json$/) });
  expect(result.summary).toContain(`**${/title=(\w+)/.exec(last?.properties ?? "")?.[1]}**`);
  expect(result.log.join("\n")).not.toMatch(/\bundefined\b|\[object |at .*\.js:\d+/);
  return errors.map((error) => error.message).join("\n");
}

describe("bad input", () => {
  afterEach(() => {
    expect(world.requests.writes().map((request) => request.name)).toEqual([]);
  });

  it("lists wrong inputs all at once", async () => {
    const message = refused(
      await job.run("push-images", { concurrency: "many", "tag-mutability": "SOMETIMES" }),
      /INPUT_INVALID/,
    );
    expect(message).toContain("concurrency");
    expect(message).toContain("must be one of");
  });

  it("refuses a spec that cannot be read, on its line", async () => {
    writeFileSync(join(job.workspace, "broken.yaml"), "version: 1\ndefaults:\n  cluster: [\n");
    const result = await job.run("render-values", { spec: "broken.yaml" });
    refused(result, /SPEC_YAML/);
    expect(result.annotations.some((annotation) => annotation.properties.includes("file=broken.yaml"))).toBe(true);
  });

  it("refuses an environment that is not in the spec, and names those that are", async () => {
    expect(refused(await job.run("render-values", { environment: "prod" }), /SPEC_/)).toContain("dev");
  });

  it("refuses a folder that is no bundle", async () => {
    mkdirSync(join(job.workspace, "empty"), { recursive: true });
    refused(await job.run("push-images", { bundle: "./empty" }), /BUNDLE_/);
  });

  it("stops in another account than the expected one", async () => {
    expect(refused(await job.run("release", { "aws-account-id": "111111111111" }), /ACCOUNT_MISMATCH/)).toContain(
      "210987654321",
    );
  });

  it("says that there are no credentials", async () => {
    const env = { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "", AWS_EC2_METADATA_DISABLED: "true" };
    refused(await job.run("ensure-irsa", {}, { env }), /NO_CREDENTIALS/);
  });

  it("says that the cluster is not there", async () => {
    refused(await job.run("release", { cluster: "elsewhere" }), /CLUSTER_/);
  });

  it("says that the cluster cannot be reached", async () => {
    const kubeconfig = [
      "apiVersion: v1",
      "kind: Config",
      "current-context: gone",
      "clusters: [{ name: gone, cluster: { server: 'https://127.0.0.1:9' } }]",
      "users: [{ name: gone, user: { token: none } }]",
      "contexts: [{ name: gone, context: { cluster: gone, user: gone } }]",
    ];
    writeFileSync(join(job.workspace, "gone.kubeconfig"), kubeconfig.join("\n"));
    const inputs = { kubeconfig: "gone.kubeconfig", context: "gone", spec: "", bundle: "./poolside-2611" };
    writeFileSync(join(job.workspace, "values.yaml"), "models: {}\n");
    refused(await job.run("helm-deploy", { ...inputs, "values-file": "values.yaml" }), /CLUSTER_/);
  });

  it("shows a wrong value on its line of the spec", async () => {
    const spec = readFileSync(join(job.workspace, "eks-deploy.yaml"), "utf8");
    writeFileSync(join(job.workspace, "wrong.yaml"), spec.replace("gpus: 4", "gpus: many"));
    const result = await job.run("render-values", { spec: "wrong.yaml" });
    expect(refused(result, /SPEC_INVALID/)).toContain("gpus");
    const line = spec.split("\n").findIndex((text) => text.includes("gpus: 4")) + 1;
    expect(result.annotations.map(({ properties }) => properties).join(" ")).toMatch(
      new RegExp(`file=wrong\\.yaml,line=${line},`),
    );
  });

  it("says what is missing where neither spec nor inputs tell it", async () => {
    writeFileSync(join(job.workspace, "bare.yaml"), "version: 1\ndefaults: {}\nenvironments: { dev: {} }\n");
    const message = refused(await job.run("helm-deploy", { spec: "bare.yaml" }), /INPUT_INVALID/);
    expect(message).toContain("give the input values-file or the output values-file of render-values");
  });

  it("says that a spec is not there", async () => {
    refused(await job.run("release", { spec: "nowhere.yaml" }), /SPEC_NOT_FOUND/);
  });

  it("says that a variable with a presigned URL is not set", async () => {
    expect(refused(await job.run("push-images", { bundle: "env:BUNDLE_URL" }), /BUNDLE_NOT_FOUND/)).toContain(
      "BUNDLE_URL: ${{ secrets.BUNDLE_URL }}",
    );
  });

  it("refuses a signed URL in plain text, without repeating it", async () => {
    const url = "https://intake.example.com/b.tar?X-Amz-Signature=0123456789abcdef";
    expect(refused(await job.run("push-images", { bundle: url }), /INPUT_INVALID/)).not.toContain("0123456789abcdef");
  });

  it("refuses credentials that AWS does not know", async () => {
    refused(await job.run("push-images", {}, { env: { AWS_SECRET_ACCESS_KEY: "wrong" } }), /AWS_|CREDENTIALS/);
  });

  it("warns of a misspelt input, by the name that it may mean", async () => {
    const result = await job.run("push-images", { concurency: "4", "aws-account-id": "111111111111" });
    refused(result, /ACCOUNT_MISMATCH/);
    const warnings = result.annotations.filter(({ level }) => level === "warning");
    expect(warnings).toEqual([
      expect.objectContaining({ properties: "title=INPUT_UNKNOWN", message: expect.stringContaining("concurrency") }),
    ]);
  });
});
