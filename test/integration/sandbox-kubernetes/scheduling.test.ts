import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type NodeOptions, usualNodes } from "../../../sandbox/kubernetes/nodes.ts";
import type { Pod } from "../../../sandbox/kubernetes/types.ts";
import {
  create,
  deploymentOf,
  eventsOf,
  eventually,
  isAvailable,
  modelDeployment,
  namespace,
  namespaceObject,
  podOf,
  startCluster,
  type TestCluster,
} from "./support.ts";

const [systemNode, gpuNode] = usualNodes as readonly [NodeOptions, NodeOptions];

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await startCluster();
  create(cluster, namespaceObject());
});
afterEach(async () => {
  await cluster.close();
  expect(cluster.defects).toEqual([]);
});

describe("the scheduler", () => {
  it("says in the real scheduler's words why no node has enough GPUs", async () => {
    create(cluster, modelDeployment({ gpus: 16 }));
    const [message] = await eventually(cluster, () => {
      const found = eventsOf(cluster, "FailedScheduling");
      return found.length > 0 && found;
    });
    expect(message).toBe(
      "0/2 nodes are available: 2 Insufficient nvidia.com/gpu. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
    );
    expect(podOf(cluster)?.status.conditions).toMatchObject([
      { type: "PodScheduled", status: "False", reason: "Unschedulable", message },
    ]);
  });

  it("names an untolerated taint", async () => {
    create(cluster, modelDeployment({ pod: { tolerations: [] } }));
    const message = await eventually(cluster, () => eventsOf(cluster, "FailedScheduling")[0]);
    expect(message).toContain("1 Insufficient nvidia.com/gpu, 1 node(s) had untolerated taint {nvidia.com/gpu: true}");
  });

  it("names a node selector that no node has", async () => {
    create(cluster, modelDeployment({ pod: { nodeSelector: { pool: "other" } } }));
    const message = await eventually(cluster, () => eventsOf(cluster, "FailedScheduling")[0]);
    expect(message).toContain("2 node(s) didn't match Pod's node affinity/selector");
  });

  it("binds a waiting pod when a node with GPUs joins", async () => {
    cluster.setNodes([systemNode]);
    create(cluster, modelDeployment());
    await eventually(cluster, () => eventsOf(cluster, "FailedScheduling")[0]);
    cluster.setNodes([systemNode, gpuNode]);
    await eventually(cluster, () => isAvailable(cluster));
    expect(podOf(cluster)?.spec.nodeName).toBe(gpuNode.name);
  });

  it("leaves a new pod waiting while the old one holds the GPUs that it needs", async () => {
    create(cluster, modelDeployment({ gpus: 8 }));
    await eventually(cluster, () => isAvailable(cluster));
    cluster.api.modify(
      "deployments",
      deploymentOf(cluster)!,
      (draft) => {
        const { spec } = draft as unknown as { spec: { template: { spec: { containers: { image: string }[] } } } };
        spec.template.spec.containers[0]!.image = "registry.test/atlas:2";
      },
      { user: "admin", manager: "test" },
    );
    await eventually(cluster, () => eventsOf(cluster, "FailedScheduling")[0]);
    const pods = cluster.store.list<Pod>("pods", namespace);
    expect(pods.map(({ status }) => status.phase).sort()).toEqual(["Pending", "Running"]);
    const exceeded = await eventually(cluster, () =>
      deploymentOf(cluster)?.status?.conditions?.find(({ reason }) => reason === "ProgressDeadlineExceeded"),
    );
    expect(exceeded).toMatchObject({ type: "Progressing", status: "False" });
    expect(deploymentOf(cluster)?.status).toMatchObject({ availableReplicas: 1, updatedReplicas: 1, replicas: 2 });
  });

  it("takes a Recreate deployment's old pod away before the new one comes", async () => {
    create(cluster, modelDeployment({ gpus: 8, spec: { strategy: { type: "Recreate" } } }));
    await eventually(cluster, () => isAvailable(cluster));
    const old = podOf(cluster)?.metadata.uid;
    await cluster.kubectl("set", "image", "deploy/inference-point", "inference=registry.test/atlas:2");
    await eventually(cluster, () => isAvailable(cluster) && podOf(cluster)?.metadata.uid !== old);
    expect(eventsOf(cluster, "FailedScheduling")).toEqual([]);
  });
});

describe("a quota", () => {
  it("keeps the ReplicaSet from making pods, and the Deployment says so", async () => {
    create(cluster, {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "gpus", namespace },
      spec: { hard: { "requests.nvidia.com/gpu": "1" } },
    });
    create(cluster, modelDeployment({ gpus: 2 }));
    const [message] = await eventually(cluster, () => {
      const found = eventsOf(cluster, "FailedCreate");
      return found.length > 0 && found;
    });
    expect(message).toMatch(
      /^Error creating: pods "inference-point-\w+-\w+" is forbidden: exceeded quota: gpus, requested: requests\.nvidia\.com\/gpu=2, used: requests\.nvidia\.com\/gpu=0, limited: requests\.nvidia\.com\/gpu=1$/,
    );
    const failure = await eventually(cluster, () =>
      deploymentOf(cluster)?.status?.conditions?.find(({ type }) => type === "ReplicaFailure"),
    );
    expect(failure).toMatchObject({ status: "True", reason: "FailedCreate" });
  });

  it("shows what is used of it", async () => {
    create(cluster, {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "gpus", namespace },
      spec: { hard: { "requests.nvidia.com/gpu": "4", pods: "10" } },
    });
    create(cluster, modelDeployment({ gpus: 2 }));
    await eventually(cluster, () => isAvailable(cluster));
    const { stdout } = await cluster.kubectl("get", "quota", "gpus", "-o", "jsonpath={.status.used}");
    expect(JSON.parse(stdout)).toEqual({ "requests.nvidia.com/gpu": "2", pods: "1" });
  });
});
