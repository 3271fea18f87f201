import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Namespace } from "../../../sandbox/kubernetes/types.ts";
import {
  create,
  deploymentOf,
  eventually,
  isAvailable,
  modelDeployment,
  namespace,
  namespaceObject,
  startCluster,
  type TestCluster,
} from "./support.ts";

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await startCluster();
  create(cluster, namespaceObject());
});
afterEach(async () => {
  await cluster.close();
  expect(cluster.defects).toEqual([]);
});

const phase = () => cluster.store.get<Namespace>("namespaces", undefined, namespace)?.status?.phase;

describe("a namespace", () => {
  it("gets its default service account and the API server's authority", async () => {
    await eventually(cluster, () => cluster.store.get("serviceaccounts", namespace, "default"));
    expect(cluster.store.get("configmaps", namespace, "kube-root-ca.crt")).toMatchObject({
      data: { "ca.crt": cluster.authority },
    });
  });

  it("takes everything with it when it is deleted", async () => {
    create(cluster, modelDeployment());
    await eventually(cluster, () => isAvailable(cluster));
    const ran = await cluster.kubectl("delete", "namespace", namespace, "--timeout=20s");
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    for (const kind of ["pods", "replicasets", "deployments", "events", "serviceaccounts"])
      expect(cluster.store.list(kind, namespace), kind).toEqual([]);
    expect(phase()).toBeUndefined();
  });

  it("refuses new objects while it is Terminating, and says what holds it up", async () => {
    create(cluster, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "held", namespace, finalizers: ["example.com/hold"] },
    });
    await cluster.kubectl("delete", "namespace", namespace, "--wait=false");
    await eventually(cluster, () => phase() === "Terminating");
    const refused = await cluster.kubectl("create", "configmap", "late");
    expect(refused.stderr).toContain(
      `configmaps "late" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
    );
    const conditions = await eventually(
      cluster,
      () => cluster.store.get<Namespace>("namespaces", undefined, namespace)?.status?.conditions,
    );
    expect(conditions).toContainEqual(
      expect.objectContaining({
        type: "NamespaceFinalizersRemaining",
        status: "True",
        message: "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
      }),
    );
    await cluster.kubectl("patch", "configmap", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}');
    await eventually(cluster, () => phase() === undefined);
  });
});

describe("deleting a Deployment", () => {
  const left = (kind: string) => cluster.store.list(kind, namespace).length;

  beforeEach(async () => {
    create(cluster, modelDeployment());
    await eventually(cluster, () => isAvailable(cluster));
  });

  it("takes its ReplicaSets and pods with it", async () => {
    await cluster.kubectl("delete", "deploy", "inference-point");
    await eventually(cluster, () => left("replicasets") + left("pods") === 0);
  });

  it("in the foreground lasts until they are gone", async () => {
    await cluster.kubectl("delete", "deploy", "inference-point", "--cascade=foreground", "--timeout=20s");
    expect([left("deployments"), left("replicasets"), left("pods")]).toEqual([0, 0, 0]);
  });

  it("as an orphan leaves them, without an owner", async () => {
    await cluster.kubectl("delete", "deploy", "inference-point", "--cascade=orphan", "--timeout=20s");
    expect([deploymentOf(cluster), left("replicasets"), left("pods")]).toEqual([undefined, 1, 1]);
    const [set] = cluster.store.list("replicasets", namespace);
    expect(set?.metadata.ownerReferences ?? []).toEqual([]);
  });

  it("replaces a pod that someone deletes", async () => {
    const before = cluster.store.list("pods", namespace)[0]?.metadata;
    await cluster.kubectl("delete", "pod", before?.name ?? "", "--timeout=20s");
    await eventually(cluster, () => isAvailable(cluster) && left("pods") === 1);
    expect(cluster.store.list("pods", namespace)[0]?.metadata.uid).not.toBe(before?.uid);
  });
});
