import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { workflowOf } from "../../unit/workflows/files.ts";
import { type Comment, fakeGithub, type Issue } from "../../unit/workflows/github-script.ts";
import { apiKey, logOf, openPlace, type Place, told } from "./place.ts";
import { runWorkflow } from "./run-workflow.ts";

const environments = ["dev", "staging", "production"];

let place: Place;

beforeAll(async () => {
  place = await openPlace();
});

afterAll(async () => {
  expect(place?.world.defects ?? []).toEqual([]);
  await place?.close();
});

function example(name: string, over: Partial<Parameters<Place["call"]>[1]> = {}) {
  return runWorkflow(workflowOf(`workflows-examples/${name}.yml`), place.call(name, over, environments));
}

/** How often each model's Deployment was changed. */
function generations(): Readonly<Record<string, unknown>> {
  const deployments = place.world.kubernetes.store.list("deployments", "poolside-models");
  return Object.fromEntries(deployments.map(({ metadata }) => [metadata.name, metadata.generation]));
}

describe("the examples on the sandbox", { timeout: 180_000 }, () => {
  it("one-step.yml releases and proves", async () => {
    const run = await example("one-step");
    expect(told(run), logOf(run)).toEqual(["release: success"]);
    expect(run.jobs[0]!.steps[0]!.outputs).toMatchObject({ passed: "true", status: "deployed" });
  });

  it("plan-pull-request.yml plans for each environment and writes a comment for each", async () => {
    const comments: Comment[] = [];
    const github = {
      event_name: "pull_request",
      repository: "acme/models",
      ref: "refs/pull/7/merge",
      event: { pull_request: { head: { repo: { full_name: "acme/models" } } } },
    };
    const run = await example("plan-pull-request", { github, rest: fakeGithub(comments) });
    expect(told(run), logOf(run)).toEqual(
      ["staging", "production"].flatMap((name) => [
        `plan (${name}) / plan: success`,
        `plan (${name}) / comment: success`,
      ]),
    );
    expect(comments.map(({ body }) => body.split("\n")[0])).toEqual([
      "<!-- eks-deploy plan: staging -->",
      "<!-- eks-deploy plan: production -->",
    ]);
  });

  it("plan-pull-request.yml does nothing for a fork", async () => {
    const github = {
      repository: "acme/models",
      event: { pull_request: { head: { repo: { full_name: "mallory/models" } } } },
    };
    expect(told(await example("plan-pull-request", { github }))).toEqual([]);
  });

  it("hourly-smoke.yml opens an issue while a key is wrong, and closes it when the models answer", async () => {
    const issues: Issue[] = [];
    const rest = fakeGithub([], issues);
    const keys = (key: string) => ({ rest, secrets: { VLLM_API_KEY: key } });
    const failing = await example("hourly-smoke", keys("canary-wrong-key"));
    expect(told(failing), logOf(failing)).toEqual(["smoke / smoke: failure", "issue: success"]);
    expect(issues).toMatchObject([{ state: "open", body: expect.stringContaining("staging, production: ") }]);
    expect(issues[0]!.body).not.toContain("canary-wrong-key");
    const green = await example("hourly-smoke", keys(apiKey));
    expect(told(green), logOf(green)).toEqual(["smoke / smoke: success", "issue: success"]);
    expect(issues).toMatchObject([{ state: "closed" }]);
  });

  it("add-a-model.yml brings one model, and asks nobody a second time, while the spec has moved on for others", async () => {
    const { "eks-deploy.yaml": spec } = place.call("add-a-model", {}, environments).files;
    const files = {
      "eks-deploy.yaml": spec!.replace("modelName: Point,", "modelName: Point-2,").replace(/gpus: 4/, "gpus: 2"),
    };
    const inputs = { model: "point", environment: "dev" };
    const before = generations();
    const run = await example("add-a-model", { files, inputs });
    expect(told(run), logOf(run)).toEqual(["add / plan: success", "add / deploy: success"]);
    const after = generations();
    const changed = Object.keys(after).filter((name) => after[name] !== before[name]);
    expect(changed).toEqual(["inference-point"]);
    const again = await example("add-a-model", { files, inputs });
    expect(told(again), logOf(again)).toEqual(["add / plan: success"]);
  });
});
