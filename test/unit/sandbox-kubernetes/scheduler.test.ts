import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Admission } from "../../../sandbox/kubernetes/admission.ts";
import { Api } from "../../../sandbox/kubernetes/api.ts";
import { ControllerLoop } from "../../../sandbox/kubernetes/controllers/loop.ts";
import { Scheduler } from "../../../sandbox/kubernetes/controllers/scheduler.ts";
import { kindOf } from "../../../sandbox/kubernetes/kinds.ts";
import { setNodes } from "../../../sandbox/kubernetes/nodes.ts";
import type { JsonMap } from "../../../sandbox/kubernetes/objects.ts";
import { Store } from "../../../sandbox/kubernetes/store.ts";
import type { Pod } from "../../../sandbox/kubernetes/types.ts";

const writer = { user: "admin", manager: "test" };

/** Schedules pods of so many GPUs onto nodes of so many. */
function schedule(nodes: readonly number[], pods: readonly number[]): readonly Pod[] {
  const store = new Store();
  const api = new Api(store, new Admission(store, () => undefined), () => 0);
  api.create(kindOf("namespaces"), undefined, { apiVersion: "v1", kind: "Namespace", metadata: { name: "n" } }, writer);
  api.create(
    kindOf("serviceaccounts"),
    "n",
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } },
    writer,
  );
  setNodes(
    api,
    nodes.map((gpus, index) => ({ name: `node-${index}`, gpus })),
    0,
  );
  pods.forEach((gpus, index) => {
    const limits = gpus > 0 ? { "nvidia.com/gpu": String(gpus) } : {};
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: `pod-${index}` },
      spec: { containers: [{ name: "c", image: "i", resources: { limits } }] },
    };
    api.create(kindOf("pods"), "n", pod as unknown as JsonMap, writer);
  });
  const loop = new ControllerLoop(
    api,
    () => 0,
    0,
    (error) => {
      throw error;
    },
  );
  new Scheduler(loop).reconcile();
  loop.close();
  return store.list<Pod>("pods", "n");
}

function gpusOf(pod: Pod): number {
  return Number(pod.spec.containers[0]?.resources?.limits?.["nvidia.com/gpu"] ?? 0);
}

describe("the scheduler", () => {
  it("never gives out more GPUs than a node has, and leaves none waiting that fits", () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 6 });
    fc.assert(
      fc.property(sizes, sizes, (nodes, pods) => {
        const scheduled = schedule(nodes, pods);
        const free = nodes.map(
          (gpus, index) =>
            gpus -
            scheduled.filter((pod) => pod.spec.nodeName === `node-${index}`).reduce((sum, pod) => sum + gpusOf(pod), 0),
        );
        expect(Math.min(0, ...free)).toBe(0);
        for (const pod of scheduled.filter((one) => !one.spec.nodeName)) {
          expect(gpusOf(pod)).toBeGreaterThan(Math.max(-1, ...free));
          expect(pod.status.conditions).toMatchObject([
            { type: "PodScheduled", status: "False", reason: "Unschedulable" },
          ]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("says that there are no nodes where there are none", () => {
    const [pod] = schedule([], [1]);
    expect(pod?.status.conditions?.[0]?.message).toBe("no nodes available to schedule pods");
  });
});
