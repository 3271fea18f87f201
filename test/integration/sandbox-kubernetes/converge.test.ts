import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kindOf } from "../../../sandbox/kubernetes/kinds.ts";
import { type NodeOptions, usualNodes } from "../../../sandbox/kubernetes/nodes.ts";
import type { Deployment, EndpointSlice, Pod, ReplicaSet } from "../../../sandbox/kubernetes/types.ts";
import {
  create,
  deploymentOf,
  eventually,
  modelDeployment,
  namespace,
  namespaceObject,
  startCluster,
  type TestCluster,
} from "./support.ts";

const [systemNode, gpuNode] = usualNodes as readonly [NodeOptions, NodeOptions];
const writer = { user: "admin", manager: "test" };

type Step =
  | { readonly kind: "image"; readonly tag: number }
  | { readonly kind: "scale"; readonly replicas: number }
  | { readonly kind: "kill pod" }
  | { readonly kind: "crash" }
  | { readonly kind: "lose nodes" }
  | { readonly kind: "wait"; readonly milliseconds: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("image" as const), tag: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant("scale" as const), replicas: fc.integer({ min: 0, max: 4 }) }),
  fc.constant({ kind: "kill pod" as const }),
  fc.constant({ kind: "crash" as const }),
  fc.constant({ kind: "lose nodes" as const }),
  fc.record({ kind: fc.constant("wait" as const), milliseconds: fc.integer({ min: 0, max: 60 }) }),
);

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ pace: 0.0002 });
  create(cluster, namespaceObject(), {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "inference-point", namespace },
    spec: { selector: { app: "point" }, ports: [{ name: "http", port: 80, targetPort: "http" }] },
  });
});
afterAll(async () => {
  await cluster.close();
  expect(cluster.defects).toEqual([]);
});

const pods = () => cluster.store.list<Pod>("pods", namespace);

function change(edit: (draft: Deployment) => void): void {
  cluster.api.modify<Deployment>("deployments", deploymentOf(cluster)!, edit, writer);
}

async function take(taken: Step): Promise<void> {
  switch (taken.kind) {
    case "image":
      return change((draft) => {
        for (const container of draft.spec.template.spec.containers)
          container.image = `registry.test/atlas:${taken.tag}`;
      });
    case "scale":
      return change((draft) => {
        draft.spec.replicas = taken.replicas;
      });
    case "kill pod": {
      const [pod] = pods().filter(({ metadata }) => !metadata.deletionTimestamp);
      if (pod) cluster.api.delete(kindOf("pods"), pod, {}, writer);
      return;
    }
    case "crash":
      return void cluster.troubles.add({ kind: "crash" }, /inference-point/, 1);
    case "lose nodes":
      cluster.setNodes([systemNode]);
      return cluster.setNodes([systemNode, gpuNode]);
    case "wait":
      return sleep(taken.milliseconds);
  }
}

/** Whether exactly the wanted pods run, all of the last template, and the Service's slice lists them. */
function isSettled(): boolean {
  const { spec, status, metadata } = deploymentOf(cluster)!;
  const all = pods();
  const ready = all.filter((pod) =>
    pod.status.conditions?.some((one) => one.type === "Ready" && one.status === "True"),
  );
  const image = spec.template.spec.containers[0]?.image;
  const [slice] = cluster.store.list<EndpointSlice>("endpointslices", namespace);
  return (
    status?.observedGeneration === metadata.generation &&
    all.length === spec.replicas &&
    ready.length === spec.replicas &&
    all.every((pod) => pod.spec.containers[0]?.image === image) &&
    (status?.availableReplicas ?? 0) === spec.replicas &&
    (status?.updatedReplicas ?? 0) === spec.replicas &&
    slice?.endpoints.filter(({ conditions }) => conditions.ready).length === spec.replicas
  );
}

describe("the controllers", () => {
  it("bring the cluster to what the Deployment wants, whatever happened on the way", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        create(cluster, modelDeployment());
        for (const taken of steps) await take(taken);
        await eventually(cluster, isSettled);
        const sets = cluster.store.list<ReplicaSet>("replicasets", namespace);
        expect(sets.filter((set) => set.spec.replicas > 0).length).toBeLessThanOrEqual(1);
        cluster.troubles.clear();
        cluster.api.delete(kindOf("deployments"), deploymentOf(cluster)!, {}, writer);
        await eventually(cluster, () => pods().length + cluster.store.list("replicasets", namespace).length === 0);
      }),
      { numRuns: 30 },
    );
  });
});
