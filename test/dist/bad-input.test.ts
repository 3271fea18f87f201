import { mkdirSync, writeFileSync } from "node:fs";
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

/** One clear error: exit code 1, a code, a next step, nothing written. */
function refused(result: StepResult, code: RegExp): string {
  expect(result.status, result.log.join("\n")).toBe(1);
  const errors = result.annotations.filter((annotation) => annotation.level === "error");
  expect(errors.map((error) => error.properties).join(" ")).toMatch(code);
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
    refused(result, /SPEC_/);
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
});
