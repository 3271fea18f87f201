import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { kindOf } from "../../../sandbox/kubernetes/kinds.ts";
import type { Deployment, Pod } from "../../../sandbox/kubernetes/types.ts";
import { writeSampleBundle } from "../../../sandbox/sample/bundle.ts";
import { sampleModels } from "../../../sandbox/sample/spec.ts";
import { startWorld, type World } from "../../../sandbox/world.ts";
import { runAction } from "../../../src/action/run.ts";
import { smokeTest } from "../../../src/actions/smoke-test/index.ts";
import type { Check, ModelResult } from "../../../src/smoke/check.ts";
import { fakeClock, testContext } from "../../support/context.ts";
import { testRunner } from "../../support/runner.ts";
import { layRelease } from "../sandbox-world/lay.ts";

const namespace = "poolside-models";
const key = "canary-key-91c2";

let world: World;
let folder: string;
let before: NodeJS.ProcessEnv;

/** A release as the guide makes it: helm, with the sample's chart and three models. */
beforeAll(async () => {
  world = await startWorld({ pace: 0.002 });
  folder = mkdtempSync(join(tmpdir(), "eks-deploy-smoke-"));
  before = { ...process.env };
  Object.assign(process.env, world.env);
  const { values } = layRelease(world);
  writeSampleBundle(join(folder, "bundle"), 0.001);
  writeFileSync(join(folder, "kubeconfig"), world.kubernetes.kubeconfig(world.access.adminToken));
  writeFileSync(join(folder, "values.json"), JSON.stringify(values));
  const { api } = world.kubernetes;
  const writer = { user: "admin", manager: "test" };
  api.create(
    kindOf("namespaces"),
    undefined,
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    writer,
  );
  const data = { VLLM_API_KEY: Buffer.from(key).toString("base64") };
  api.create(
    kindOf("secrets"),
    namespace,
    { apiVersion: "v1", kind: "Secret", metadata: { name: "vllm-auth" }, data },
    writer,
  );
  const env = { HOME: folder, KUBECONFIG: join(folder, "kubeconfig") };
  const chart = join(folder, "bundle/charts/inference");
  await promisify(execFile)(
    join(world.tools, "helm"),
    ["install", "inference", chart, "-n", namespace, "-f", join(folder, "values.json"), "--wait", "--timeout=40s"],
    { env },
  );
  await vi.waitFor(() => expect(world.kubernetes.route(sampleModels[0].host, "/").kind).toBe("target"), 10_000);
});
afterEach(() => world.models.troubles.clear());
afterAll(async () => {
  process.env = before;
  rmSync(folder, { recursive: true, force: true });
  await world.close();
  expect(world.defects).toEqual([]);
});

async function smoke(more: Readonly<Record<string, string>> = {}) {
  const runner = testRunner(
    {
      models: JSON.stringify(sampleModels),
      "api-key": key,
      "aws-region": world.names.region,
      cluster: world.names.cluster,
      resolve: sampleModels.map(({ host }) => `${host}=127.0.0.1:${world.balancerPort}`).join("\n"),
      "ca-certificate": world.authority,
      samples: "1",
      expect: "completion=.",
      ...more,
    },
    testContext({ clock: fakeClock(Date.now()), ambient: { workspace: folder, region: world.names.region } }),
  );
  const outcome = await runAction(smokeTest, runner);
  const results = JSON.parse(runner.outputs["results"] || "{}") as Record<string, ModelResult>;
  return { outcome, runner, results };
}

const check = (result: ModelResult | undefined, name: string): Check | undefined =>
  result?.checks.find((one) => one.name === name);

describe("docs/permissions.md", () => {
  it("grants what the test reads in AWS", async () => {
    const page = readFileSync(resolve(import.meta.dirname, "../../../docs/permissions.md"), "utf8");
    const mark = world.requests.all.length;
    await smoke();
    const needed = world.requests.iamActions(mark);
    expect(needed).toContain("elasticloadbalancing:DescribeTargetHealth");
    expect(needed.filter((action) => !page.includes(`"${action}"`))).toEqual([]);
  });
});

describe("smoke-test on a release", () => {
  it("proves every model, and that their pods and targets are well", async () => {
    const mark = world.requests.all.length;
    const { outcome, runner, results } = await smoke();
    expect(runner.failures).toEqual([]);
    expect(outcome).toBe("done");
    expect(runner.outputs["passed"]).toBe("true");
    expect(Object.keys(results)).toEqual(["laguna-m", "laguna-xs", "point"]);
    for (const result of Object.values(results)) {
      expect(check(result, "pods")).toMatchObject({ result: "pass", seen: "1 of 1 pod ready" });
      expect(check(result, "target group")).toMatchObject({ result: "pass", seen: "1 of 1 target healthy" });
    }
    expect(world.requests.writes(mark)).toEqual([]);
    expect(world.requests.iamActions(mark)).toEqual([
      "eks:DescribeCluster",
      "elasticloadbalancing:DescribeLoadBalancers",
      "elasticloadbalancing:DescribeTags",
      "elasticloadbalancing:DescribeTargetGroups",
      "elasticloadbalancing:DescribeTargetHealth",
    ]);
  });

  it("fails with every failed check and its remedy, and the key is nowhere", async () => {
    world.models.troubles.add({ kind: "error", after: 2 }, /Point/);
    const { outcome, runner } = await smoke();
    expect(outcome).toBe("failed");
    expect(runner.outputs["passed"]).toBe("false");
    expect(runner.failures).toMatchObject([{ code: "SMOKE_FAILED" }]);
    expect(runner.failures[0]?.message).toContain(
      "point (point.dev.example.com): stream: the server reports an error after its 200",
    );
    expect(runner.outputs["headline"]).toContain("Smoke test failed for point");
    expect(
      JSON.stringify([runner.outputs, runner.failures, runner.summary, runner.context.recorded.lines]),
    ).not.toContain(key);
  });

  it("says which pods and targets are behind a model that does not answer", async () => {
    const { api, store } = world.kubernetes;
    const deployment = store.get<Deployment>("deployments", namespace, "inference-point")!;
    const scale = (replicas: number) =>
      api.modify<Deployment>(
        "deployments",
        deployment,
        (draft) => {
          draft.spec.replicas = replicas;
        },
        { user: "admin", manager: "test" },
      );
    scale(0);
    await vi.waitFor(() => expect(world.kubernetes.route("point.dev.example.com", "/").kind).toBe("no target"), 5000);
    const { results } = await smoke({ deadline: "1m" });
    scale(1);
    expect(check(results["point"], "connect")).toMatchObject({ result: "fail", code: "SMOKE_BALANCER" });
    expect(check(results["point"], "pods")).toMatchObject({ result: "degraded", seen: "0 of 0 pods ready" });
    expect(check(results["point"], "target group")).toMatchObject({
      result: "degraded",
      seen: "0 of 0 targets healthy",
    });
    expect(results["laguna-m"]?.verdict).not.toBe("fail");
    await vi.waitFor(() => expect(world.kubernetes.route("point.dev.example.com", "/").kind).toBe("target"), 5000);
  });

  it("tells a pod that has restarted, and why", async () => {
    world.kubernetes.troubles.add({ kind: "oom" }, /inference-point/, 1);
    const { api, store } = world.kubernetes;
    const pod = store.list<Pod>("pods", namespace).find(({ metadata }) => metadata.name.startsWith("inference-point"))!;
    api.delete(kindOf("pods"), pod, {}, { user: "admin", manager: "test" });
    const restarted = () =>
      store
        .list<Pod>("pods", namespace)
        .some(({ status }) => status.containerStatuses?.some(({ restartCount, ready }) => restartCount > 0 && ready));
    await vi.waitFor(() => expect(restarted()).toBe(true), 5000);
    await vi.waitFor(() => expect(world.kubernetes.route("point.dev.example.com", "/").kind).toBe("target"), 5000);
    const { results, runner } = await smoke();
    expect(runner.failures).toEqual([]);
    expect(check(results["point"], "pods")).toMatchObject({
      result: "degraded",
      seen: "1 of 1 pod ready, restarted 1 time (OOMKilled)",
    });
  });

  it("does not look inside where it may not, and passes all the same", async () => {
    const { runner, results } = await smoke({ cluster: "another" });
    expect(runner.failures).toEqual([]);
    expect(check(results["point"], "pods")).toMatchObject({
      result: "not looked at",
      seen: expect.stringContaining("another"),
    });
  });

  it("is skipped, without an alarm, while another run holds the release", async () => {
    const { api } = world.kubernetes;
    const writer = { user: "admin", manager: "test" };
    const lease = (holderIdentity: string, renewTime: number) => ({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: "eks-deploy-inference" },
      spec: {
        holderIdentity,
        leaseDurationSeconds: 60,
        renewTime: new Date(renewTime).toISOString().replace("Z", "000Z"),
      },
    });
    const made = api.create(
      kindOf("leases"),
      namespace,
      lease("https://github.com/acme/models/actions/runs/1", Date.now()),
      writer,
    );
    const held = await smoke();
    expect(held).toMatchObject({ outcome: "skipped", runner: { failures: [] } });
    expect(held.runner.outputs).toMatchObject({ headline: "Smoke test skipped: release in progress.", changes: "0" });
    expect(held.runner.outputs["passed"] ?? "").toBe("");
    api.delete(kindOf("leases"), made, {}, writer);
    api.create(
      kindOf("leases"),
      namespace,
      lease("https://github.com/acme/models/actions/runs/1", Date.now() - 120_000),
      writer,
    );
    expect((await smoke()).outcome).toBe("done");
  });
});
