import { afterEach, describe, expect, it } from "vitest";
import { kindOf } from "../../../sandbox/kubernetes/kinds.ts";
import type { Deployment } from "../../../sandbox/kubernetes/types.ts";
import { fastClock } from "./clock.ts";
import { type Bench, type Deployed, startBench } from "./cluster.ts";

const pace = 0.02;
const changed = { point: { values: { extraArgs: ["--x"] } } };
let bench: Bench;

afterEach(() => bench?.close());

async function open(major: 3 | 4): Promise<void> {
  bench = await startBench(major, { pace, clock: fastClock(1 / pace) });
}

function revision(number: number) {
  return bench.kubernetes.store.get("secrets", "poolside-models", `sh.helm.release.v1.inference.v${number}`);
}

/** Ends a run while it watches its new revision, and leaves the release as it is then. */
async function leave(models: Parameters<Bench["deploy"]>[0], number: number): Promise<Deployed> {
  const stop = new AbortController();
  const run = bench.deploy(models, { signal: stop.signal });
  const status = () => revision(number)?.metadata.labels?.["status"];
  await expect.poll(status, { timeout: 20_000 }).toBe("deployed");
  stop.abort();
  return run;
}

describe("a rollout that an earlier run left", () => {
  it("is watched to its end under the Lease, without a new revision, and then there is nothing to change", async () => {
    await open(3);
    await bench.deploy({ point: {} });
    bench.kubernetes.troubles.add({ kind: "slow-download", factor: 4 }, /inference-point/);
    const left = await leave(changed, 2);
    expect(left.outputs).toMatchObject({ status: "cancelled" });
    const plan = await bench.deploy(changed, { inputs: { "dry-run": "true" } });
    expect(plan.summary).toContain("an earlier run was cut off before it was healthy");
    const run = await bench.deploy(changed, { inputs: { "approved-plan": plan.outputs["plan-sha256"]! } });
    expect(run.failures).toEqual([]);
    expect(run.outputs).toMatchObject({ status: "deployed", revision: "2", changes: "1" });
    expect(run.writes.filter((write) => !write.includes("leases"))).toEqual([]);
    const again = await bench.deploy(changed);
    expect(again.outputs).toMatchObject({ status: "unchanged", "plan-sha256": plan.outputs["plan-sha256"] });
    expect(again.writes).toEqual([]);
  });

  it("is rolled back where it fails, as on-failure says", async () => {
    await open(4);
    await bench.deploy({ point: {} });
    bench.kubernetes.troubles.add({ kind: "slow-download", factor: 50 }, /inference-point/);
    await leave(changed, 2);
    bench.kubernetes.troubles.clear();
    bench.kubernetes.troubles.add({ kind: "oom" }, /inference-point/);
    const { store, api } = bench.kubernetes;
    const newest = store.list("pods", "poolside-models").at(-1)!;
    api.delete(kindOf("pods"), newest, {}, { user: "someone", manager: "kubectl" });
    const kept = await bench.deploy(changed, { inputs: { "on-failure": "keep" } });
    expect(kept.outputs).toMatchObject({ status: "failed", revision: "2" });
    const run = await bench.deploy(changed);
    expect(run.failures).toMatchObject([{ code: "DEPLOY_OOM" }]);
    expect(run.outputs).toMatchObject({ status: "rolled-back", "rolled-back-to": "1", revision: "3" });
  });
});

describe("a release that once served", () => {
  it("is not undone because a pod of it fails later", async () => {
    await open(4);
    await bench.deploy({ point: {} });
    await bench.deploy(changed);
    const { store, api, troubles } = bench.kubernetes;
    troubles.add({ kind: "oom" }, /inference-point/);
    for (const pod of store.list("pods", "poolside-models"))
      api.delete(kindOf("pods"), pod, {}, { user: "someone", manager: "kubectl" });
    const live = () => store.get<Deployment>("deployments", "poolside-models", "inference-point");
    await expect.poll(() => live()?.status?.availableReplicas, { timeout: 10_000 }).toBeUndefined();
    const run = await bench.deploy(changed);
    expect(run.failures).toMatchObject([{ code: "DEPLOY_OOM" }]);
    expect(run.writes).toEqual([]);
    expect(run.outputs).toMatchObject({ status: "failed", revision: "2", changes: "0" });
  });
});
