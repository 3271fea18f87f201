import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { kindOf } from "../../../sandbox/kubernetes/kinds.ts";
import type { Deployment, Namespace } from "../../../sandbox/kubernetes/types.ts";
import { fastClock } from "./clock.ts";
import { type Bench, startBench } from "./cluster.ts";

const pace = 0.02;
const writer = { user: "someone", manager: "kubectl-create" };
let bench: Bench;

afterEach(() => bench?.close());

async function open(major: 3 | 4 = 4): Promise<void> {
  bench = await startBench(major, { pace, clock: fastClock(1 / pace) });
}

function namespace(): void {
  bench.kubernetes.api.create(
    kindOf("namespaces"),
    undefined,
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "poolside-models" } },
    writer,
  );
}

function secret(key: string): void {
  bench.kubernetes.api.create(
    kindOf("secrets"),
    "poolside-models",
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "vllm-auth", namespace: "poolside-models" },
      type: "Opaque",
      data: { VLLM_API_KEY: Buffer.from(key).toString("base64") },
    },
    writer,
  );
}

function podNames(): readonly string[] {
  return bench.kubernetes.store.list("pods", "poolside-models").map((pod) => pod.metadata.name);
}

describe("the API key's Secret", () => {
  it("restarts what reads it when the key changes, and nothing a second time", async () => {
    await open();
    await bench.deploy({ point: {} });
    const before = podNames();
    const run = await bench.deploy({ point: {} }, { inputs: { "api-key": "another-key-9182" } });
    expect(run.failures).toEqual([]);
    expect(run.outputs).toMatchObject({ status: "deployed", revision: "1", changes: "2" });
    expect(run.writes.filter((write) => write.includes("deployments"))).toEqual([
      "patch deployments poolside-models/inference-point",
    ]);
    expect(podNames()).not.toEqual(before);
    const again = await bench.deploy({ point: {} }, { inputs: { "api-key": "another-key-9182" } });
    expect(again.writes).toEqual([]);
    expect(again.outputs).toMatchObject({ status: "unchanged" });
    expect(again.outputs["plan-sha256"]).toBe(run.outputs["plan-sha256"]);
  });

  it("restarts pods that a run which was killed left with the old key", async () => {
    await open();
    await bench.deploy({ point: {} });
    bench.faults.add({
      service: "kubernetes",
      operation: "patch deployments",
      effect: { kind: "answer", answer: { status: 403 } },
    });
    const cut = await bench.deploy({ point: {} }, { inputs: { "api-key": "another-key-9182", "on-failure": "keep" } });
    expect(cut.failures).toMatchObject([{ code: "CLUSTER_FORBIDDEN" }]);
    bench.faults.clear();
    const run = await bench.deploy({ point: {} }, { inputs: { "api-key": "another-key-9182" } });
    expect(run.failures).toEqual([]);
    expect(run.outputs["changes"]).toBe("1");
    expect(run.summary).toContain("its pods read a Secret that changed");
  });

  it.each([
    ["alone, and with it the restart", {}],
    ["with a new revision", { values: { extraArgs: ["--max-model-len=4096"] } }],
  ])("gets its value back when the release that changed it fails: %s", async (_, model) => {
    await open();
    await bench.deploy({ point: {} });
    const before = podNames();
    bench.kubernetes.troubles.add({ kind: "crash", lines: ["ValueError: bad key"] }, /inference-point/);
    const run = await bench.deploy({ point: model }, { inputs: { "api-key": "another-key-9182" } });
    expect(run.failures).toMatchObject([{ code: "DEPLOY_CRASH" }]);
    expect(run.outputs).toMatchObject({ status: "rolled-back", "rolled-back-to": "1" });
    expect(run.context.recorded.lines.join("\n")).toContain(
      "Gave the Secret vllm-auth back the value that it had before",
    );
    bench.kubernetes.troubles.clear();
    await expect.poll(podNames, { timeout: 10_000 }).toEqual(before);
    // The pods have the value that is there: nothing has to restart.
    const again = await bench.deploy({ point: {} });
    expect(again.failures).toEqual([]);
    expect(again.writes).toEqual([]);
    expect(again.outputs).toMatchObject({ status: "unchanged" });
  });

  it("keeps the new value where on-failure is keep", async () => {
    await open();
    await bench.deploy({ point: {} });
    bench.kubernetes.troubles.add({ kind: "crash" }, /inference-point/);
    const inputs = { "api-key": "another-key-9182", "on-failure": "keep" };
    expect((await bench.deploy({ point: {} }, { inputs })).outputs).toMatchObject({ status: "failed" });
    bench.kubernetes.troubles.clear();
    expect((await bench.deploy({ point: {} }, { inputs })).writes.filter((write) => write.includes("secrets"))).toEqual(
      [],
    );
  });

  it("is used as it is when someone else made it with the same key, and not overwritten when it holds another", async () => {
    await open();
    namespace();
    secret("canary-key-7431");
    const run = await bench.deploy({ point: {} });
    expect(run.failures).toEqual([]);
    expect(run.writes.filter((write) => write.includes("vllm-auth"))).toEqual([]);
    const refused = await bench.deploy({ point: {} }, { inputs: { "api-key": "another-key-9182" } });
    expect(refused.failures).toMatchObject([{ code: "DEPLOY_SECRET_FOREIGN" }]);
    expect(refused.writes).toEqual([]);
    const taken = await bench.deploy(
      { point: {} },
      { inputs: { "api-key": "another-key-9182", accept: "DEPLOY_SECRET_FOREIGN" } },
    );
    expect(taken.failures).toEqual([]);
  });

  it("is missed before the first write when pods read it and nobody brings it", async () => {
    await open();
    const run = await bench.deploy({ point: {} }, { inputs: { "api-key": "" } });
    expect(run.failures).toMatchObject([{ code: "DEPLOY_SECRET_MISSING" }]);
    expect(run.writes).toEqual([]);
  });

  it("appears in no argument of helm and in nothing that helm's environment names, and neither does the cluster's token in an argument", async () => {
    await open();
    const bin = mkdtempSync(join(bench.folder, "bin-"));
    const seen = join(bin, "seen");
    writeFileSync(
      join(bin, "helm"),
      `#!/bin/sh\n{ printf '%s\\n' "$@"; env | grep -v HELM_KUBETOKEN; } >> ${seen}\nexec ${bench.helm} "$@"\n`,
    );
    chmodSync(join(bin, "helm"), 0o755);
    const run = await bench.deploy({ point: {} }, { path: `${bin}:/usr/bin:/bin` });
    expect(run.failures).toEqual([]);
    const text = readFileSync(seen, "utf8");
    expect(text).toContain("upgrade");
    for (const secret of ["canary-key-7431", Buffer.from("canary-key-7431").toString("base64")])
      expect(text).not.toContain(secret);
    expect(text).not.toMatch(/^admin$/m);
  });

  it("appears in no log line, summary, output, report or helm revision", async () => {
    await open();
    const run = await bench.deploy({ point: {} });
    const told = [
      ...run.context.recorded.lines,
      run.summary,
      JSON.stringify(run.outputs),
      JSON.stringify(run.context.recorded.remembered),
    ];
    const revisions = bench.kubernetes.store
      .list("secrets", "poolside-models")
      .filter((item) => item.metadata.name.startsWith("sh.helm"))
      .map((item) => JSON.stringify(item));
    for (const text of [...told, ...revisions]) expect(text).not.toContain("canary-key-7431");
  });
});

function scaleByHand(): void {
  const { store, api } = bench.kubernetes;
  const found = store.get<Deployment>("deployments", "poolside-models", "inference-point")!;
  const change = (draft: Deployment) => void Object.assign(draft.spec, { replicas: 0 });
  api.modify<Deployment>("deployments", found, change, { user: "someone", manager: "kubectl" });
}

describe("what stands around a release", () => {
  it("says that a namespace is being deleted, before the first write", async () => {
    await open();
    await bench.deploy({ point: {} });
    const { store, api } = bench.kubernetes;
    const found = store.get<Deployment>("deployments", "poolside-models", "inference-point")!;
    api.modify(
      "deployments",
      found,
      (draft) => void Object.assign(draft.metadata, { finalizers: ["example.com/stay"] }),
      writer,
    );
    const own = store.get<Namespace>("namespaces", undefined, "poolside-models")!;
    api.delete(kindOf("namespaces"), own, {}, writer);
    const run = await bench.deploy({ point: {}, other: {} });
    expect(run.failures).toMatchObject([{ code: "DEPLOY_NAMESPACE_TERMINATING" }]);
    expect(run.writes).toEqual([]);
  });

  it("mends a release that was changed by hand, and says so in the plan", async () => {
    await open(3);
    await bench.deploy({ point: {} });
    scaleByHand();
    const plan = await bench.deploy({ point: {} }, { inputs: { "dry-run": "true" } });
    expect(plan.summary).toContain("live differs from the release: Deployment inference-point");
    const run = await bench.deploy({ point: {} });
    expect(run.failures).toEqual([]);
    expect(podNames()).toHaveLength(1);
  });

  it.each([3, 4] as const)("tells before the first write that an object is in the way, with helm %i", async (major) => {
    await open(major);
    namespace();
    const metadata = { name: "inference", namespace: "poolside-models" };
    bench.kubernetes.api.create(
      kindOf("serviceaccounts"),
      "poolside-models",
      { apiVersion: "v1", kind: "ServiceAccount", metadata },
      writer,
    );
    const refused = await bench.deploy({ point: {} });
    expect(refused.failures).toMatchObject([{ code: "DEPLOY_OBJECT_FOREIGN" }]);
    expect(refused.failures[0]!.message).toContain("serviceAccount.create: false");
    expect(refused.writes).toEqual([]);
    const tried = await bench.deploy({ point: {} }, { inputs: { accept: "DEPLOY_OBJECT_FOREIGN" } });
    expect(tried.failures).toMatchObject([{ code: "HELM_OBJECT_FOREIGN" }]);
    const used = await bench.deploy(
      { point: {} },
      { values: { serviceAccount: { create: false, name: "inference" }, s3: { secretName: "vllm-auth" } } },
    );
    expect(used.failures).toEqual([]);
  });

  it("tells in an upgrade what was changed by hand, and nothing of it where nothing was", async () => {
    await open(3);
    await bench.deploy({ point: {} });
    const changed = { point: { values: { extraArgs: ["--x"] } } };
    const plan = await bench.deploy(changed, { inputs: { "dry-run": "true" } });
    expect(plan.summary).toContain("1 changed |");
    expect(plan.outputs["diff"]).toBe(
      "~ Deployment inference-point\n    spec.template.spec.containers[inference].args[4]: (absent) -> --x",
    );
    scaleByHand();
    const drifted = await bench.deploy(changed, { inputs: { "dry-run": "true" } });
    expect(drifted.summary).toContain("1 changed, live differs from the release: Deployment inference-point |");
    expect(drifted.outputs["diff"]).toMatch(
      /# changed by others since .*\n~ Deployment inference-point\n {4}spec.replicas: 0 -> 1$/,
    );
  });

  it("names the manager of a field that helm 4 may not take, and takes it when that is accepted", async () => {
    await open(4);
    await bench.deploy({ point: {} });
    scaleByHand();
    const refused = await bench.deploy({ point: {} });
    expect(refused.failures).toMatchObject([{ code: "HELM_APPLY_CONFLICT" }]);
    expect(refused.failures[0]!.message).toContain('conflict with "kubectl"');
    const run = await bench.deploy({ point: {} }, { inputs: { accept: "HELM_APPLY_CONFLICT" } });
    expect(run.failures).toEqual([]);
    expect(podNames()).toHaveLength(1);
  });

  it("ends as superseded, without a rollback, when a newer revision comes while it watches", async () => {
    await open();
    await bench.deploy({ point: {} });
    bench.kubernetes.troubles.add({ kind: "slow-download", factor: 20 }, /inference-point/);
    const slow = bench.deploy({ point: { values: { extraArgs: ["--a"] } } });
    await expect
      .poll(() => bench.kubernetes.store.get("secrets", "poolside-models", "sh.helm.release.v1.inference.v2"), {
        timeout: 20_000,
      })
      .toBeDefined();
    const newest = bench.kubernetes.store.get("secrets", "poolside-models", "sh.helm.release.v1.inference.v2")!;
    const third = structuredClone(newest) as unknown as { metadata: { name: string; labels: Record<string, string> } };
    third.metadata = { name: "sh.helm.release.v1.inference.v3", labels: { ...newest.metadata.labels, version: "3" } };
    await expect
      .poll(
        () =>
          bench.kubernetes.store.get("secrets", "poolside-models", "sh.helm.release.v1.inference.v2")?.metadata
            .labels?.["status"],
      )
      .toBe("deployed");
    bench.kubernetes.api.create(kindOf("secrets"), "poolside-models", third as never, writer);
    const run = await slow;
    expect(run.outcome).toBe("superseded");
    expect(run.outputs).toMatchObject({ status: "superseded" });
    expect(run.failures).toEqual([]);
    expect(run.writes.filter((write) => write.includes("sh.helm.release.v1.inference.v4"))).toEqual([]);
  });

  it("makes a second run wait for the first, which it names when its patience ends", async () => {
    await open();
    bench.kubernetes.troubles.add({ kind: "slow-download", factor: 5 }, /inference-point/);
    const slow = bench.deploy({ point: {} });
    await expect
      .poll(() => bench.kubernetes.store.get("leases", "poolside-models", "eks-deploy-inference"), { timeout: 20_000 })
      .toBeDefined();
    const second = await bench.deploy({ point: {}, other: {} }, { inputs: { "lock-timeout": "90s" } });
    expect(second.failures).toMatchObject([{ code: "DEPLOY_LOCKED" }]);
    expect(second.failures[0]!.message).toContain("https://github.com/acme/models/actions/runs/4711");
    expect((await slow).failures).toEqual([]);
  });
});
