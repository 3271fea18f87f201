import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ActRoom, type ActRun, openActRoom, writtenTo } from "./act.ts";

let room: ActRoom;

beforeAll(async () => {
  room = await openActRoom();
});

afterAll(async () => {
  expect(room?.place.world.defects ?? []).toEqual([]);
  await room?.close();
});

/** Jobs of a run with how they ended; those that go side by side have no order of their own. */
const told = (run: ActRun) => run.jobs.map(({ name, result }) => `${name}: ${result}`).sort();

/** How jobs ended, each way once. */
const results = (run: ActRun) => [...new Set(run.jobs.map(({ result }) => result))];

describe("workflows that act runs", { timeout: 180_000 }, () => {
  it("one-step.yml releases and proves", async () => {
    const run = await room.run("one-step");
    expect(told(run), run.log).toEqual(["Release to dev/Release: success"]);
    expect(run.outputs).toMatchObject({ passed: "true", status: "deployed" });
    expect(run.summaries).toContain("laguna-m.dev.example.com");
  });

  it("full-release.yml calls release.yml, which plans, transfers side by side, deploys and proves", async () => {
    const run = await room.run("full-release");
    expect(told(run), run.log).toEqual([
      "staging/Release/Deploy and prove: success",
      "staging/Release/Plan: success",
      "staging/Release/Push images: success",
      ...[1, 2, 3].map((leg) => `staging/Release/Sync checkpoints-${leg}: success`),
    ]);
    expect(run.outputs).toMatchObject({ passed: "true", status: "deployed" });
    expect(run.summaries).toContain("laguna-m.staging.example.com");
    expect(readdirSync(room.artifacts)).toEqual(
      expect.arrayContaining(["eks-deploy-staging-plan", "eks-deploy-staging-deploy"]),
    );
  });

  it("promote.yml calls the reusable one, which moves what staging has proven", async () => {
    const run = await room.run("promote", { inputs: { record: "latest" } });
    expect(told(run), run.log).toEqual([
      "production/Promote/Plan: success",
      "production/Promote/Promote and prove: success",
    ]);
    expect(run.outputs).toMatchObject({ passed: "true" });
    expect(run.summaries).toContain("acme-models-production");
  });

  it("hourly-smoke.yml calls smoke.yml, which asks the models of both environments", async () => {
    const green = await room.run("hourly-smoke");
    expect(told(green), green.log).toEqual([
      "Smoke test/Open or close the issue: success",
      "smoke/Smoke test/Smoke test: success",
    ]);
    const failing = await room.run("hourly-smoke", { secrets: { VLLM_API_KEY: "canary-wrong-key" } });
    // To act the failure of a called workflow is its own: it begins none of the jobs that come after, whatever their conditions say.
    expect(told(failing), failing.log).toEqual(["smoke/Smoke test/Smoke test: failure"]);
    expect(failing.summaries).not.toContain("canary-wrong-key");
  });

  it("hourly-smoke.yml opens an issue when a model fails, and closes it when all answer again", async () => {
    const failing = await room.run("hourly-smoke-in-place", { secrets: { VLLM_API_KEY: "canary-wrong-key" } });
    expect(told(failing), failing.log).toEqual([
      "Smoke test/Open or close the issue: success",
      "Smoke test/Smoke test: failure",
    ]);
    const title = "The scheduled smoke test fails";
    expect(writtenTo(room).issues).toMatchObject([
      { title, state: "open", body: expect.stringMatching(/^staging, production: /) },
    ]);
    const green = await room.run("hourly-smoke-in-place");
    expect(results(green), green.log).toEqual(["success"]);
    expect(writtenTo(room).issues).toMatchObject([{ title, state: "closed" }]);
  });

  it("plan-pull-request.yml calls plan.yml for each environment", async () => {
    const head = { repo: { full_name: "acme/models" } };
    const run = await room.run("plan-pull-request", {
      event: "pull_request",
      payload: { pull_request: { number: 7, head } },
    });
    expect(run.jobs.length, run.log).toBe(4);
    expect(
      run.jobs.map(({ result }) => result),
      run.log,
    ).toEqual(["success", "success", "success", "success"]);
    expect(
      writtenTo(room)
        .comments.map(({ body }) => body.split("\n")[0]!)
        .filter((line) => line.startsWith("<!--"))
        .sort(),
    ).toEqual(["<!-- eks-deploy plan: production -->", "<!-- eks-deploy plan: staging -->"]);
  });

  it("add-a-model.yml brings a model to an environment that has others", async () => {
    const change = (spec: string) => spec.replace("modelName: Point,", "modelName: Point-2,");
    const run = await room.run("add-a-model", { inputs: { model: "point", environment: "staging" }, change });
    expect(results(run), run.log).toEqual(["success"]);
    expect(told(run)).toContain("add/Release/Deploy and prove: success");
    expect(run.outputs).toMatchObject({ passed: "true" });
  });

  it("add-a-model.yml asks nobody a second time", async () => {
    const run = await room.run("add-a-model", { inputs: { model: "point", environment: "staging" } });
    expect(told(run), run.log).toEqual(["add/Release/Plan: success"]);
    expect(run.outputs).toMatchObject({ changes: "0" });
  });

  it("several-clusters.yml releases to each of its environments", async () => {
    const run = await room.run("several-clusters");
    expect(results(run), run.log).toEqual(["success"]);
    expect(told(run).filter((line) => line.includes("Deploy and prove"))).toHaveLength(3);
    for (const region of ["us", "eu", "ap"]) expect(run.summaries).toContain(`acme-models-production-${region}`);
  });

  it("air-gapped.yml releases from a share, and asks the cluster and the models through the company's proxy", async () => {
    const run = await room.run("air-gapped");
    expect(told(run), run.log).toEqual(["Release from inside the VPC/Release: success"]);
    expect(run.outputs).toMatchObject({ passed: "true", status: "deployed" });
    const { aws, balancerPort } = room.place.world;
    // AWS and the registry are asked over plain http here, for which the example names no proxy.
    const ways = [new URL(aws.eks.clusters.get("poolside-vpc")!.endpoint).host, `127.0.0.1:${balancerPort}`];
    expect([...new Set(room.proxy.asked)].sort()).toEqual(ways.sort());
  });

  it("rotate-key.yml changes the key of what is released, and proves it", async () => {
    const run = await room.run("rotate-key", { secrets: { VLLM_API_KEY: "canary-new-key-51d0" } });
    expect(results(run), run.log).toEqual(["success"]);
    expect(run.outputs).toMatchObject({ passed: "true" });
    expect(run.summaries + run.log).not.toContain("canary-new-key-51d0");
  });
});
