import { afterEach, describe, expect, it } from "vitest";
import { kindOf } from "../../../sandbox/kubernetes/kinds.ts";
import type { Deployment } from "../../../sandbox/kubernetes/types.ts";
import { fastClock } from "./clock.ts";
import { type Bench, startBench } from "./cluster.ts";

const pace = 0.02;
const writer = { user: "someone", manager: "kubectl" };
let bench: Bench;

afterEach(() => bench?.close());

async function open(major: 3 | 4): Promise<void> {
  bench = await startBench(major, { pace, clock: fastClock(1 / pace) });
}

/** The load balancer controller loses its pods. */
async function stopController(): Promise<void> {
  const { store, api } = bench.kubernetes;
  const [found] = store
    .list<Deployment>("deployments", "kube-system")
    .filter((item) => item.metadata.name.includes("load-balancer"));
  api.modify<Deployment>("deployments", found!, (draft) => void Object.assign(draft.spec, { replicas: 0 }), writer);
  await expect
    .poll(() => store.list("pods", "kube-system").filter((pod) => pod.metadata.name.includes("load-balancer")))
    .toEqual([]);
}

function pendingOfSomeone(): void {
  const { store, api } = bench.kubernetes;
  const newest = store.get("secrets", "poolside-models", "sh.helm.release.v1.inference.v1")! as unknown as {
    metadata: { labels: Record<string, string> };
    data: Record<string, string>;
  };
  const labels = { ...newest.metadata.labels, version: "2", status: "pending-upgrade" };
  const release = Buffer.from(newest.data["release"]!, "base64").toString();
  const { gunzipSync, gzipSync } = process.getBuiltinModule("node:zlib");
  const content = JSON.parse(gunzipSync(Buffer.from(release, "base64")).toString());
  content.version = 2;
  content.info.status = "pending-upgrade";
  content.info.description = "Preparing upgrade";
  const packed = gzipSync(JSON.stringify(content)).toString("base64");
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "sh.helm.release.v1.inference.v2", namespace: "poolside-models", labels },
    type: "helm.sh/release.v1",
    data: { release: Buffer.from(packed).toString("base64") },
  };
  api.create(kindOf("secrets"), "poolside-models", secret, writer);
}

describe.each([3, 4] as const)("hard cases with helm %i", (major) => {
  it("tells before the first write that the load balancer controller has no pods, and names helm's refusal after it", async () => {
    await open(major);
    await stopController();
    const refused = await bench.deploy({ point: {} });
    expect(refused.failures).toMatchObject([{ code: "DEPLOY_WEBHOOK_DOWN" }]);
    expect(refused.writes).toEqual([]);
    const run = await bench.deploy({ point: {} }, { inputs: { preflight: "false" } });
    expect(run.failures).toMatchObject([{ code: "DEPLOY_WEBHOOK_DOWN" }]);
    expect(run.failures[0]!.message).toContain(
      'no endpoints available for service "aws-load-balancer-webhook-service"',
    );
    expect(run.outputs["status"]).toBe("rolled-back");
  });

  it("reports a rollback that fails as failed", async () => {
    await open(major);
    await bench.deploy({ point: {} });
    bench.kubernetes.troubles.add({ kind: "oom" }, /inference-point/);
    const { store, api } = bench.kubernetes;
    // The pods of the good revision are gone for good as well: what is rolled back to does not come up.
    const run = bench.deploy({ point: { values: { extraArgs: ["--x"] } } });
    await expect
      .poll(() => store.get("secrets", "poolside-models", "sh.helm.release.v1.inference.v2"), { timeout: 20_000 })
      .toBeDefined();
    const [old] = store.list("pods", "poolside-models");
    api.delete(kindOf("pods"), old!, {}, writer);
    const ended = await run;
    expect(ended.outputs["status"]).toBe("rollback-failed");
    expect(ended.context.recorded.findings.map((finding) => finding.code)).toContain("DEPLOY_ROLLBACK_FAILED");
    expect(ended.outputs["headline"]).toContain("the rollback failed too");
  });

  it("never breaks a lock of someone who may be at work, and clears it when it is old", async () => {
    await open(major);
    await bench.deploy({ point: {} });
    pendingOfSomeone();
    const refused = await bench.deploy({ other: {} }, { inputs: { "lock-timeout": "30s" } });
    expect(refused.failures).toMatchObject([{ code: "DEPLOY_OPERATION_PENDING" }]);
    expect(refused.writes.filter((write) => !write.includes("leases"))).toEqual([]);
    const run = await bench.deploy({ other: {} }, { inputs: { "lock-timeout": "20m" } });
    expect(run.failures).toEqual([]);
    expect(run.outputs["status"]).toBe("deployed");
  });
});

describe("preflight: only", () => {
  it("checks, writes nothing, and is no failure", async () => {
    await open(4);
    const run = await bench.deploy({ point: {} }, { inputs: { preflight: "only" } });
    expect(run.failures).toEqual([]);
    expect(run.outcome).toBe("skipped");
    expect(run.writes).toEqual([]);
    expect(run.summary).toContain("Kubernetes 1.29 or later");
  });

  it("shows the same table for a release that is as wanted, and says in one sentence how it went", async () => {
    await open(4);
    await bench.deploy({ point: {} });
    const run = await bench.deploy({ point: {} }, { inputs: { preflight: "only" } });
    expect(run.writes).toEqual([]);
    expect(run.summary).toContain("Kubernetes 1.29 or later");
    expect(run.summary).toContain("GPUs for the new pods");
    expect(run.outputs["headline"]).toMatch(
      /^Preflight of inference in poolside-models passed: \d+ checks, 0 warnings\.$/,
    );
    const plan = await bench.deploy({ other: {} }, { inputs: { preflight: "only", "dry-run": "true" } });
    expect(Number(plan.outputs["changes"])).toBeGreaterThan(0);
  });
});
