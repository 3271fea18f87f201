import { describe, expect, it } from "vitest";
import { interpolate, runs, type Status } from "./expressions.ts";
import { workflowOf } from "./files.ts";

const release = workflowOf(".github/workflows/release.yml");
const plan = workflowOf(".github/workflows/plan.yml");
const inputs = {
  environment: "dev",
  "github-environment": "",
  "unattended-environment": "",
  "plan-only": false,
  runner: "ubuntu-24.04",
  "transfer-runner": "",
  "cluster-runner": "",
};

type Result = "success" | "failure" | "cancelled" | "skipped";

function needs(planned: Result, push: Result, sync: Result, outputs: Record<string, string> = {}) {
  return {
    plan: { result: planned, outputs },
    "push-images": { result: push, outputs: {} },
    "sync-checkpoints": { result: sync, outputs: {} },
  };
}

describe("the deploy job", () => {
  it.each<[string, boolean, ReturnType<typeof needs>, Status]>([
    ["both transfers ended well", true, needs("success", "success", "success"), "success"],
    ["nothing had to be transferred", true, needs("success", "skipped", "skipped"), "success"],
    ["only the images had to go", true, needs("success", "success", "skipped"), "success"],
    ["a model's transfer failed", false, needs("success", "success", "failure"), "failure"],
    ["the push failed and nothing was to be synced", false, needs("success", "failure", "skipped"), "failure"],
    ["a transfer ran into its time limit", false, needs("success", "success", "cancelled"), "success"],
    ["the plan failed, so the transfers were skipped", false, needs("failure", "skipped", "skipped"), "failure"],
    ["the plan was skipped", false, needs("skipped", "skipped", "skipped"), "success"],
    ["the run was cancelled", false, needs("success", "success", "success"), "cancelled"],
  ])("when %s: runs is %s", (_, expected, context, status) => {
    expect(runs(release.jobs["deploy"]!.if, { inputs, needs: context }, status)).toBe(expected);
  });

  it("does not run when only the plan was asked for", () => {
    const context = { inputs: { ...inputs, "plan-only": true }, needs: needs("success", "skipped", "skipped") };
    expect(runs(release.jobs["deploy"]!.if, context)).toBe(false);
  });
});

describe.each([
  [".github/workflows/release.yml", "deploy"],
  [".github/workflows/promote.yml", "promote"],
])("the approval of a plan that changes nothing, in %s", (path, reviewed) => {
  const { jobs } = workflowOf(path);
  const unchanged = (outputs: Record<string, string>) =>
    String(interpolate(jobs["plan"]!.outputs!["unchanged"], { steps: { plan: { outputs } } }));
  const asks = (outputs: Record<string, string>) =>
    runs(jobs[reviewed]!.if, { inputs, needs: needs("success", "skipped", "skipped", outputs) });

  it.each<[string, boolean, Record<string, string>]>([
    ["is proven by a record that holds", false, { changes: "0", record: "/tmp/record.json" }],
    ["is proven by no record that holds", true, { changes: "0", record: "" }],
    ["is to be changed", true, { changes: "1", record: "/tmp/record.json" }],
    ["was not told", true, { changes: "", record: "/tmp/record.json" }],
  ])("what is live %s: somebody is asked is %s", (_, expected, planned) => {
    expect(asks({ unchanged: unchanged(planned), "plan-sha256": "ab12" })).toBe(expected);
  });

  it("is asked for where a secret blotted the answer out", () => {
    expect(asks({ unchanged: "", "plan-sha256": "ab12" })).toBe(true);
  });
});

describe("the transfer jobs", () => {
  it.each([
    ["push-images", { "transfer-images": "true" }, true],
    ["push-images", { "transfer-images": "false" }, false],
    ["push-images", { "transfer-images": "" }, true],
    ["sync-checkpoints", { "transfer-models": '["laguna-m"]' }, true],
    ["sync-checkpoints", { "transfer-models": "[]" }, false],
  ])("%s with %j: runs is %s", (job, outputs, expected) => {
    const context = { inputs, needs: { plan: { result: "success", outputs } } };
    expect(runs(release.jobs[job]!.if, context)).toBe(expected);
  });

  it.each(["push-images", "sync-checkpoints"])("%s does not run after a plan alone, or a failed one", (job) => {
    const outputs = { "transfer-images": "true", "transfer-models": '["laguna-m"]' };
    const alone = { inputs: { ...inputs, "plan-only": true }, needs: { plan: { result: "success", outputs } } };
    expect(runs(release.jobs[job]!.if, alone)).toBe(false);
    expect(runs(release.jobs[job]!.if, { inputs, needs: { plan: { result: "failure", outputs } } }, "failure")).toBe(
      false,
    );
  });

  it("makes a job for each model, and fails loudly where the list was lost on its way", () => {
    const matrix = release.jobs["sync-checkpoints"]!.strategy!.matrix["model"];
    const context = (models: string) => ({ needs: { plan: { outputs: { "transfer-models": models } } } });
    expect(interpolate(matrix, context('["laguna-m","point"]'))).toEqual(["laguna-m", "point"]);
    expect(() => interpolate(matrix, context(""))).toThrow();
  });
});

describe("a runner", () => {
  it.each<[string, unknown, unknown]>([
    ["ubuntu-24.04", {}, "ubuntu-24.04"],
    ["a label of its own", { "transfer-runner": "big", "cluster-runner": "in-vpc" }, ["big", "in-vpc"]],
    ["labels", { runner: '["self-hosted","gpu"]' }, ["self-hosted", "gpu"]],
    ["a group", { "cluster-runner": '{"group":"vpc","labels":["linux"]}' }, { group: "vpc", labels: ["linux"] }],
  ])("can be %s", (_, given, expected) => {
    const context = { inputs: { ...inputs, ...(given as object) } };
    const transfer = interpolate(release.jobs["push-images"]!["runs-on"], context);
    const cluster = interpolate(release.jobs["deploy"]!["runs-on"], context);
    if (Array.isArray(expected) && expected[0] === "big") expect([transfer, cluster]).toEqual(expected);
    else expect(cluster).toEqual(expected);
  });
});

describe("the deploy job's outputs", () => {
  const outputs = release.jobs["deploy"]!.outputs!;
  const environment = release.jobs["deploy"]!.environment as { name: string; url: string };

  it("name the artifact of a release that has a record, and none otherwise", () => {
    const context = (record: string) => ({ inputs, steps: { release: { outputs: { record } } } });
    expect(interpolate(outputs["record-artifact"], context("/tmp/record.json"))).toBe("eks-deploy-dev-deploy");
    expect(interpolate(outputs["record-artifact"], context(""))).toBe("");
  });

  it("show the first model's URL on the environment, and survive a step that ended before it had one", () => {
    const models = JSON.stringify([{ key: "laguna-m", url: "https://laguna-m.dev.example.com/v1" }]);
    expect(interpolate(environment.url, { steps: { release: { outputs: { "rendered-models": models } } } })).toBe(
      "https://laguna-m.dev.example.com/v1",
    );
    expect(interpolate(environment.url, { steps: { release: { outputs: {} } } })).toBeFalsy();
  });

  it("approve in the environment of the spec's name, unless another is given", () => {
    expect(interpolate(environment.name, { inputs })).toBe("dev");
    expect(interpolate(environment.name, { inputs: { ...inputs, "github-environment": "production-eu" } })).toBe(
      "production-eu",
    );
  });

  it("are the caller's, and the plan's headline where nothing was deployed", () => {
    const told = release.on.workflow_call!.outputs!;
    const jobs = {
      plan: { outputs: { headline: "dev is up to date." } },
      deploy: { outputs: {} as Record<string, string> },
    };
    expect(interpolate(told["headline"]!.value, { jobs })).toBe("dev is up to date.");
    jobs.deploy.outputs = { headline: "Released 3 models.", passed: "true" };
    expect(interpolate(told["headline"]!.value, { jobs })).toBe("Released 3 models.");
    expect(interpolate(told["passed"]!.value, { jobs })).toBe("true");
  });
});

describe.each([
  [".github/workflows/release.yml", "deploy"],
  [".github/workflows/promote.yml", "promote"],
])("what is approved in %s", (path, reviewed) => {
  const { jobs } = workflowOf(path);
  const steps = jobs[reviewed]!.steps!;
  const bound = steps.find(({ with: given }) => given?.["approved-plan"])!.with!["approved-plan"];
  const digest = "ab12";
  const reviewedAfter = (outputs: object) => ({ needs: { plan: { outputs } } });
  const refuses = (outputs: object) => runs(steps[0]!.if, reviewedAfter(outputs));

  it.each(["true", "false"])("is the plan's digest, be the whole plan known or not (%s)", (complete) => {
    const planned = { "plan-complete": complete, "plan-sha256": digest };
    const told = interpolate(jobs["plan"]!.outputs!["plan-sha256"], { steps: { plan: { outputs: planned } } });
    expect(interpolate(bound, reviewedAfter({ "plan-sha256": told }))).toBe(digest);
  });

  it("is refused where the digest was lost on its way, before anything else is done", () => {
    expect(refuses({ "plan-sha256": "" })).toBe(true);
    expect(refuses({})).toBe(true);
    expect(refuses({ "plan-sha256": digest })).toBe(false);
  });
});

describe("the comment on a pull request", () => {
  const comment = plan.jobs["comment"]!.if;
  const context = (event: string, reported: string, wanted = true) => ({
    inputs: { comment: wanted },
    github: { event_name: event },
    needs: { plan: { result: "success", outputs: { reported } } },
  });

  it.each<[string, boolean, ReturnType<typeof context>, Status]>([
    ["of a plan", true, context("pull_request", "true"), "success"],
    ["of a plan that failed", true, context("pull_request", "true"), "failure"],
    ["without a report", false, context("pull_request", ""), "failure"],
    ["on a push", false, context("push", "true"), "success"],
    ["that nobody wants", false, context("pull_request", "true", false), "success"],
    ["of a run that was cancelled", false, context("pull_request", "true"), "cancelled"],
  ])("%s: written is %s", (_, expected, given, status) => {
    expect(runs(comment, given, status)).toBe(expected);
  });
});
