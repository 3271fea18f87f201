import { afterEach, describe, expect, it } from "vitest";
import { usualNodes } from "../../../sandbox/kubernetes/nodes.ts";
import type { KubeEvent, Pod } from "../../../sandbox/kubernetes/types.ts";
import type { Diagnosis } from "../../../src/deploy/diagnosis/diagnosis.ts";
import { fastClock } from "./clock.ts";
import { type Bench, type Deployed, startBench } from "./cluster.ts";

const pace = 0.02;
let bench: Bench;

afterEach(() => bench?.close());

async function open(major: 3 | 4, options: Parameters<typeof startBench>[1] = {}): Promise<void> {
  bench = await startBench(major, { pace, clock: fastClock(1 / pace), ...options });
}

function codes(run: Deployed): readonly string[] {
  return (JSON.parse(run.outputs["diagnosis"] || "[]") as Diagnosis[]).map((item) => item.code);
}

function pods(): readonly string[] {
  return bench.kubernetes.store.list("pods", "poolside-models").map((pod) => pod.metadata.name);
}

describe.each([3, 4] as const)("a release that fails, with helm %i", (major) => {
  it("names the image that is not in the registry, and undoes the first install", async () => {
    await open(major, { services: { resolveImage: () => undefined } });
    const run = await bench.deploy({ point: {} });
    expect(codes(run)).toEqual(["DEPLOY_IMAGE_NOT_FOUND"]);
    expect(run.failures).toMatchObject([{ code: "DEPLOY_IMAGE_NOT_FOUND" }]);
    expect(run.outputs).toMatchObject({ status: "rolled-back", changed: "true" });
    expect(bench.kubernetes.store.list("secrets", "poolside-models").map((item) => item.metadata.name)).toEqual([
      "vllm-auth",
    ]);
    expect(bench.kubernetes.store.list("leases", "poolside-models")).toEqual([]);
  });

  it("says with the downloader's own line why the checkpoint does not come, and rolls back to the revision that served", async () => {
    await open(major);
    expect((await bench.deploy({ point: {} })).failures).toEqual([]);
    bench.kubernetes.troubles.add(
      { kind: "init-crash", lines: ["INFO syncing", "ERROR An error occurred (AccessDenied) when calling GetObject"] },
      /inference-point/,
    );
    const run = await bench.deploy({ point: { values: { extraArgs: ["--max-model-len=1000"] } } });
    expect(codes(run)).toEqual(["DEPLOY_CHECKPOINT_DENIED"]);
    expect(run.failures[0]!.message).toContain("An error occurred (AccessDenied) when calling GetObject");
    expect(run.outputs["headline"]).toMatch(
      /failed and was rolled back to revision 1: point \(Pod inference-point-\S+\): The pods' role may not read the checkpoint\./,
    );
    expect(run.context.recorded.lines).toContain("Revision 3 is healthy: what revision 1 was is live again");
    expect(run.outputs).toMatchObject({ status: "rolled-back", revision: "3", "rolled-back-to": "1" });
    await expect.poll(() => pods().length, { timeout: 10_000 }).toBe(1);
    bench.kubernetes.troubles.clear();
    const again = await bench.deploy({ point: {} });
    expect(again.outputs).toMatchObject({ status: "unchanged", changes: "0" });
    expect(again.writes).toEqual([]);
  });

  it("keeps a failed release where on-failure is keep", async () => {
    await open(major);
    bench.kubernetes.troubles.add({ kind: "oom" }, /inference-point/);
    const run = await bench.deploy({ point: {} }, { inputs: { "on-failure": "keep" } });
    expect(codes(run)).toEqual(["DEPLOY_OOM"]);
    expect(run.outputs).toMatchObject({ status: "failed", revision: "1" });
    await expect.poll(() => pods().length, { timeout: 10_000 }).toBe(1);
  });
});

describe("a run whose Lease was made, but not answered", () => {
  it("gives it back, so that nobody waits for it", async () => {
    await open(4);
    const reset = { kind: "reset", after: true } as const;
    bench.faults.add({ service: "kubernetes", operation: /^create leases/, times: 9, effect: reset });
    const run = await bench.deploy({ point: {} });
    expect(run.failures).toHaveLength(1);
    expect(run.writes.filter((write) => write.startsWith("create leases"))).toHaveLength(1);
    expect(bench.kubernetes.store.list("leases", "poolside-models")).toEqual([]);
  });
});

describe("a release whose cause was repaired outside of the cluster", () => {
  const denied = {
    kind: "init-crash",
    lines: ["ERROR An error occurred (AccessDenied) when calling GetObject"],
  } as const;
  const waiting = () =>
    bench.kubernetes.store
      .list<Pod>("pods", "poolside-models")
      .flatMap((pod) => (pod.status.initContainerStatuses ?? []).map((status) => status.restartCount));

  it("gets until the next restart of its pods, and serves", async () => {
    await open(4);
    bench.kubernetes.troubles.add(denied, /inference-point/);
    const failed = await bench.deploy({ point: {} }, { inputs: { "on-failure": "keep" } });
    expect(failed.outputs).toMatchObject({ status: "failed" });
    await expect.poll(() => Math.max(0, ...waiting()), { timeout: 20_000 }).toBeGreaterThanOrEqual(4);
    bench.kubernetes.troubles.clear();
    const run = await bench.deploy({ point: {} });
    expect(run.failures).toEqual([]);
    expect(run.writes.filter((write) => !write.includes("leases"))).toEqual([]);
    expect(await bench.deploy({ point: {} })).toMatchObject({ writes: [], outputs: { status: "unchanged" } });
  });

  it("fails with the cause as soon as it is tried again and fails again", async () => {
    await open(4);
    bench.kubernetes.troubles.add(denied, /inference-point/);
    await bench.deploy({ point: {} }, { inputs: { "on-failure": "keep" } });
    const before = Math.max(0, ...waiting());
    const run = await bench.deploy({ point: {} }, { inputs: { "on-failure": "keep" } });
    expect(codes(run)).toEqual(["DEPLOY_CHECKPOINT_DENIED"]);
    expect(Math.max(0, ...waiting())).toBeGreaterThan(before);
  });

  it("gets until the next pull where an image was missing", async () => {
    let pushed = false;
    const digest = `sha256:${"a".repeat(64)}`;
    await open(4, { services: { resolveImage: () => (pushed ? { digest } : undefined) } });
    const failed = await bench.deploy({ point: {} }, { inputs: { "on-failure": "keep" } });
    expect(codes(failed)).toEqual(["DEPLOY_IMAGE_NOT_FOUND"]);
    // The fifth failure: the next pull is 160 s away.
    const pulls = () =>
      bench.kubernetes.store
        .list<KubeEvent>("events", "poolside-models")
        .map((event) => (event.message?.startsWith("Failed to pull") ? (event.count ?? 1) : 0));
    await expect.poll(() => Math.max(0, ...pulls()), { timeout: 20_000 }).toBe(5);
    pushed = true;
    const run = await bench.deploy({ point: {} });
    expect(run.failures).toEqual([]);
  });
});

describe("a rollout that is slow or finds no GPUs", () => {
  it("goes on waiting for a slow download after the progress deadline, and fails one that stands still", async () => {
    await open(4);
    bench.kubernetes.troubles.add({ kind: "slow-download", factor: 8 }, /inference-point/);
    const run = await bench.deploy({ point: {} });
    expect(run.failures).toEqual([]);
    expect(run.outputs).toMatchObject({ status: "deployed" });
    const phases = run.context.recorded.events.filter((event) => event.kind === "phase").map((event) => event.phase);
    expect(phases).toContain("downloading");
    const progress = run.context.recorded.events.flatMap((event) => (event.kind === "progress" ? [event] : []));
    expect(progress[0]).toMatchObject({ task: "point: downloading", unit: "bytes" });
    expect(progress.length).toBeGreaterThan(5);
    expect(progress.at(-1)!.done).toBe(progress.at(-1)!.total);
    bench.kubernetes.troubles.clear();
    bench.kubernetes.troubles.add({ kind: "download-stalls", at: 0.5 }, /inference-point/);
    const stalled = await bench.deploy(
      { point: { values: { extraArgs: ["--x"] } } },
      { inputs: { "stall-timeout": "2m" } },
    );
    expect(stalled.failures).toMatchObject([{ code: "DEPLOY_DOWNLOAD_STALLED" }]);
    expect(stalled.outputs).toMatchObject({ status: "rolled-back", "rolled-back-to": "1" });
  });

  it("refuses before the first write what cannot be scheduled, and lets old pods go first where it is told to", async () => {
    await open(4);
    expect((await bench.deploy({ "laguna-m": { gpus: 4 }, point: { gpus: 2 } })).failures).toEqual([]);
    const changed = { "laguna-m": { gpus: 4, values: { extraArgs: ["--x"] } }, point: { gpus: 2 } };
    const refused = await bench.deploy(changed);
    expect(refused.failures).toMatchObject([{ code: "DEPLOY_SURGE_DEADLOCK" }]);
    expect(refused.writes).toEqual([]);
    const run = await bench.deploy(changed, { inputs: { surge: "recreate" } });
    expect(run.failures).toEqual([]);
    expect(run.outputs).toMatchObject({ status: "deployed", revision: "2" });
    const tooLarge = await bench.deploy({ "laguna-m": { gpus: 16 } });
    expect(tooLarge.failures).toMatchObject([{ code: "DEPLOY_GPU_SHORT" }]);
    expect(tooLarge.writes).toEqual([]);
  });

  it("does the same for a changed key, whose restart needs the GPUs as well", async () => {
    await open(4);
    const models = { "laguna-m": { gpus: 4 }, point: { gpus: 2 } };
    expect((await bench.deploy(models)).failures).toEqual([]);
    const key = { "api-key": "another-key-9b12" };
    const refused = await bench.deploy(models, { inputs: key });
    expect(refused.failures).toMatchObject([{ code: "DEPLOY_SURGE_DEADLOCK" }]);
    expect(refused.writes).toEqual([]);
    const run = await bench.deploy(models, { inputs: { ...key, surge: "recreate" } });
    expect(run.failures).toEqual([]);
    expect(run.outputs).toMatchObject({ status: "deployed", revision: "2" });
    await expect.poll(() => pods().length, { timeout: 10_000 }).toBe(2);
    const again = await bench.deploy(models, { inputs: key });
    expect(again.failures).toEqual([]);
    expect(again.writes).toEqual([]);
  });

  it("waits where surge is wait, until nodes bring the capacity", async () => {
    await open(4, { nodes: usualNodes.filter((node) => !node.gpus) });
    const run = bench.deploy({ point: {} }, { inputs: { surge: "wait" } });
    const pending = () =>
      bench.kubernetes.store
        .list<Pod>("pods", "poolside-models")
        .flatMap((pod) => (pod.status?.conditions ?? []).map((condition) => condition.reason));
    await expect.poll(pending, { timeout: 20_000 }).toContain("Unschedulable");
    // Two minutes of the release's time: longer than any pod without a node is given otherwise.
    await fastClock(1 / pace).sleep(120_000);
    bench.kubernetes.setNodes(usualNodes);
    const ended = await run;
    expect(ended.failures).toEqual([]);
    expect(ended.context.recorded.findings.map(({ code }) => code)).toContain("DEPLOY_GPU_ABSENT");
    expect(ended.outputs["status"]).toBe("deployed");
  });

  it("names the deadlock of a rolling update that was accepted all the same", async () => {
    await open(4);
    await bench.deploy({ "laguna-m": { gpus: 5 } });
    const run = await bench.deploy(
      { "laguna-m": { gpus: 5, values: { extraArgs: ["--x"] } } },
      { inputs: { accept: "DEPLOY_SURGE_DEADLOCK" } },
    );
    expect(codes(run)).toEqual(["DEPLOY_SURGE_DEADLOCK"]);
    expect(run.outputs).toMatchObject({ status: "rolled-back", "rolled-back-to": "1" });
  });
});
