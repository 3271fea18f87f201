import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Bench, type Model } from "./bench.ts";
import { type RealCluster, startCluster } from "./cluster.ts";
import { absentTag } from "./pods.ts";
import { untilRefused } from "./probe.ts";

/** The product waits up to a minute before it calls a trouble lasting; its clock runs so much faster here. */
const faster = 10;
const denied = "fatal error: An error occurred (AccessDenied) when calling the GetObject operation: Access Denied";

let cluster: RealCluster;
let bench: Bench;
beforeAll(async () => {
  cluster = await startCluster({
    logs: [
      {
        namespaces: ["download-3", "download-4"],
        container: "model-downloader",
        lines: ["INFO syncing s3://acme-models/checkpoints/point", `ERROR ${denied}`],
      },
    ],
  });
});
afterAll(() => cluster?.close());
afterEach(() => bench?.close());

/** Refused before the first write; and where that is accepted, named by what the cluster says, and undone. */
async function refusedThenNamed(code: string, models: Readonly<Record<string, Model>>): Promise<void> {
  const refused = await bench.deploy(models, { faster });
  expect(refused.failures).toMatchObject([{ code }]);
  expect(refused.writes).toEqual([]);
  const run = await bench.deploy(models, { faster, inputs: { accept: code } });
  expect(run.failures).toMatchObject([{ code }]);
  expect(run.outputs["status"]).toBe("rolled-back");
}

const changed = { point: { values: { extraArgs: ["--max-model-len=1000"] } } };
const suffering = (trouble: string) => ({ podAnnotations: { "sim/fail": trouble } });

describe.each([3, 4] as const)("a release that fails on a real control plane, with helm %i", (major) => {
  const open = async (name: string) => {
    bench = await Bench.open(cluster, `${name}-${major}`, major);
  };

  it("names the image that is not in the registry, and undoes the first install", async () => {
    await open("image");
    const run = await bench.deploy({ point: {} }, { faster, values: { image: imageOf(absentTag) } });
    expect(run.codes).toEqual(["DEPLOY_IMAGE_NOT_FOUND"]);
    expect(run.failures).toMatchObject([{ code: "DEPLOY_IMAGE_NOT_FOUND" }]);
    expect(run.outputs).toMatchObject({ status: "rolled-back", changed: "true" });
    expect(await bench.revisions()).toEqual([]);
    expect(await bench.leases()).toEqual([]);
  });

  it("says with the downloader's own line why the checkpoint does not come, and rolls back to what served", async () => {
    await open("download");
    expect((await bench.deploy({ point: {} })).failures).toEqual([]);
    const run = await bench.deploy(changed, { faster, values: suffering("download") });
    expect(run.codes).toEqual(["DEPLOY_CHECKPOINT_DENIED"]);
    expect(run.failures[0]!.message).toContain("AccessDenied");
    expect(run.outputs).toMatchObject({ status: "rolled-back", revision: "3", "rolled-back-to": "1" });
    expect(await bench.podNames()).toHaveLength(1);
    const again = await bench.deploy({ point: {} });
    expect(again.outputs).toMatchObject({ status: "unchanged", changes: "0" });
    expect(again.writes).toEqual([]);
  });

  it("names a server that runs out of memory, and keeps the release where it is told to", async () => {
    await open("memory");
    const inputs = { "on-failure": "keep" };
    const run = await bench.deploy({ point: {} }, { faster, values: suffering("oom"), inputs });
    expect(run.codes).toEqual(["DEPLOY_OOM"]);
    expect(run.outputs).toMatchObject({ status: "failed", revision: "1" });
    expect(await bench.podNames()).toHaveLength(1);
  });

  it("refuses GPUs that are not there and a rolling update that cannot end, before the first write", async () => {
    await open("gpus");
    const tooLarge = await bench.deploy({ "laguna-m": { gpus: 16 } });
    expect(tooLarge.failures).toMatchObject([{ code: "DEPLOY_GPU_SHORT" }]);
    expect(tooLarge.writes).toEqual([]);
    expect((await bench.deploy({ "laguna-m": { gpus: 5 } })).failures).toEqual([]);
    const next = { "laguna-m": { gpus: 5, values: { extraArgs: ["--x"] } } };
    const refused = await bench.deploy(next);
    expect(refused.failures).toMatchObject([{ code: "DEPLOY_SURGE_DEADLOCK" }]);
    expect(refused.writes).toEqual([]);
    const accepted = await bench.deploy(next, { faster, inputs: { accept: "DEPLOY_SURGE_DEADLOCK" } });
    expect(accepted.codes).toEqual(["DEPLOY_SURGE_DEADLOCK"]);
    expect(accepted.outputs).toMatchObject({ status: "rolled-back", "rolled-back-to": "1" });
    const run = await bench.deploy(next, { inputs: { surge: "recreate" } });
    expect(run.failures).toEqual([]);
    expect(run.outputs).toMatchObject({ status: "deployed", revision: "4" });
  });

  it("names a quota that allows no pod", async () => {
    await open("quota");
    await bench.createNamespace();
    await cluster.api.create(bench.path("v1", "resourcequotas"), {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "gpus" },
      spec: { hard: { "requests.nvidia.com/gpu": "1" } },
    });
    await refusedThenNamed("DEPLOY_QUOTA", { "laguna-m": { gpus: 4 } });
  });

  it("names the Pod Security level that allows no pod", async () => {
    await open("security");
    await bench.createNamespace({ "pod-security.kubernetes.io/enforce": "restricted" });
    await refusedThenNamed("DEPLOY_POD_SECURITY", { point: {} });
  });

  it("names a policy that refuses an object, in the policy's own words", async () => {
    await open("policy");
    await bench.createNamespace();
    const name = `no-point-${major}`;
    const root = "/apis/admissionregistration.k8s.io/v1";
    await cluster.api.create(`${root}/validatingadmissionpolicies`, {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingAdmissionPolicy",
      metadata: { name },
      spec: {
        failurePolicy: "Fail",
        matchConstraints: {
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": bench.namespace } },
          resourceRules: [
            { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["deployments"] },
          ],
        },
        validations: [{ expression: "object.spec.replicas > 1", message: "every model needs two replicas here" }],
      },
    });
    await cluster.api.create(`${root}/validatingadmissionpolicybindings`, {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name },
      spec: { policyName: name, validationActions: ["Deny"] },
    });
    await untilRefused(cluster, bench.namespace, "deployments");
    const run = await bench.deploy({ point: {} }, { faster });
    await cluster.api.remove(`${root}/validatingadmissionpolicybindings/${name}`);
    await cluster.api.remove(`${root}/validatingadmissionpolicies/${name}`);
    expect(run.failures).toMatchObject([{ code: "DEPLOY_ADMISSION_DENIED" }]);
    expect(run.failures[0]!.message).toContain("every model needs two replicas here");
    expect(await bench.leases()).toEqual([]);
  });

  it("names the load balancer controller whose webhook has no pods", async () => {
    await open("webhook");
    await bench.createNamespace();
    const name = `aws-load-balancer-webhook-${major}`;
    const root = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    const service = { namespace: "kube-system", name: "aws-load-balancer-webhook-service", path: "/validate-ingress" };
    await cluster.api.ask("POST", "/api/v1/namespaces/kube-system/services", {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: service.name },
      spec: { ports: [{ port: 443 }], selector: { "app.kubernetes.io/name": "aws-load-balancer-controller" } },
    });
    await cluster.api.create(root, {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      metadata: { name },
      webhooks: [
        {
          name: "vingress.elbv2.k8s.aws",
          sideEffects: "None",
          admissionReviewVersions: ["v1"],
          failurePolicy: "Fail",
          clientConfig: { service },
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": bench.namespace } },
          rules: [
            { apiGroups: ["networking.k8s.io"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["ingresses"] },
          ],
        },
      ],
    });
    await untilRefused(cluster, bench.namespace, "ingresses");
    // Accepted: the check before the first write finds it too.
    const run = await bench.deploy({ point: {} }, { faster, inputs: { accept: "DEPLOY_WEBHOOK_DOWN" } });
    await cluster.api.remove(`${root}/${name}`);
    await cluster.api.remove(`/api/v1/namespaces/kube-system/services/${service.name}`);
    expect(run.failures).toMatchObject([{ code: "DEPLOY_WEBHOOK_DOWN" }]);
    expect(run.outputs["status"]).toBe("rolled-back");
  });

  it("says that a namespace is being deleted, before the first write", async () => {
    await open("ending");
    await bench.createNamespace();
    await cluster.api.create(bench.path("v1", "configmaps"), {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "stays", finalizers: ["example.com/stay"] },
    });
    await cluster.api.remove(`/api/v1/namespaces/${bench.namespace}`);
    const run = await bench.deploy({ point: {} });
    expect(run.failures).toMatchObject([{ code: "DEPLOY_NAMESPACE_TERMINATING" }]);
    expect(run.writes).toEqual([]);
    const free = { metadata: { finalizers: null } };
    await cluster.api.must("PATCH", bench.path("v1", "configmaps", "stays"), free, "application/merge-patch+json");
  });
});

function imageOf(tag: string) {
  return { registry: "210987654321.dkr.ecr.us-east-2.amazonaws.com", tag };
}
