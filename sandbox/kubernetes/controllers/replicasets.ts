import { kindOf } from "../kinds.ts";
import { asJson, type KubeObject } from "../objects.ts";
import { ApiError } from "../status.ts";
import type { Pod, ReplicaSet } from "../types.ts";
import { holds, withCondition } from "./conditions.ts";
import type { Controller, ControllerContext } from "./context.ts";
import { atStatus, replicaSetWriter } from "./context.ts";
import { recordEvent } from "./events.ts";
import { controllerReference, controls } from "./owners.ts";

const component = "replicaset-controller";
/** Between attempts to make a pod that was refused. */
const retryMilliseconds = 5000;

/** Keeps as many pods as each ReplicaSet wants. */
export class ReplicaSets implements Controller {
  readonly watches = ["replicasets", "pods", "resourcequotas", "serviceaccounts"];
  private readonly context: ControllerContext;
  private readonly waiting = new Set<string>();

  constructor(context: ControllerContext) {
    this.context = context;
  }

  reconcile(): void {
    for (const set of this.context.store.list<ReplicaSet>("replicasets")) {
      if (!set.metadata.deletionTimestamp) this.reconcileOne(set);
    }
  }

  private reconcileOne(set: ReplicaSet): void {
    const pods = this.podsOf(set);
    const missing = set.spec.replicas - pods.length;
    let failure: string | undefined;
    if (missing > 0) failure = this.createPods(set, missing);
    if (missing < 0) this.deletePods(set, pods, -missing);
    this.writeStatus(set, failure);
  }

  private podsOf(set: ReplicaSet): Pod[] {
    return this.context.store
      .list<Pod>("pods", set.metadata.namespace)
      .filter((pod) => controls(set, pod) && !pod.metadata.deletionTimestamp && isActive(pod));
  }

  /** Text of the refusal, when there was one. */
  private createPods(set: ReplicaSet, count: number): string | undefined {
    const { api } = this.context;
    const failed = set.status?.conditions?.find((one) => one.type === "ReplicaFailure");
    // The wait between attempts stands for the work queue's back-off.
    if (this.waiting.has(set.metadata.uid)) return failed?.message;
    const template = structuredClone(set.spec.template) as unknown as KubeObject;
    template.metadata = {
      ...template.metadata,
      generateName: `${set.metadata.name}-`,
      ownerReferences: [controllerReference(set)],
    };
    for (let made = 0; made < count; made += 1) {
      try {
        const pod = api.create(
          kindOf("pods"),
          set.metadata.namespace,
          asJson({ ...template, apiVersion: "v1", kind: "Pod" }),
          replicaSetWriter,
        );
        this.tell(set, "Normal", "SuccessfulCreate", `Created pod: ${pod.metadata.name}`);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        this.tell(set, "Warning", "FailedCreate", `Error creating: ${error.message}`);
        this.waiting.add(set.metadata.uid);
        this.context.after(retryMilliseconds, () => {
          this.waiting.delete(set.metadata.uid);
          this.reconcile();
        });
        return error.message;
      }
    }
    return undefined;
  }

  private deletePods(set: ReplicaSet, pods: readonly Pod[], count: number): void {
    const rank = (pod: Pod) =>
      (pod.spec.nodeName ? 1 : 0) + (pod.status.phase === "Running" ? 1 : 0) + (isReady(pod) ? 1 : 0);
    const victims = [...pods].sort((a, b) => rank(a) - rank(b)).slice(0, count);
    for (const pod of victims) {
      this.context.api.delete(kindOf("pods"), pod, {}, replicaSetWriter);
      this.tell(set, "Normal", "SuccessfulDelete", `Deleted pod: ${pod.metadata.name}`);
    }
  }

  private writeStatus(set: ReplicaSet, failure: string | undefined): void {
    const pods = this.podsOf(set);
    const ready = pods.filter(isReady).length;
    this.context.api.modify<ReplicaSet>(
      "replicasets",
      set,
      (draft) => {
        const others = (draft.status?.conditions ?? []).filter((one) => one.type !== "ReplicaFailure");
        const failed = draft.status?.conditions?.filter((one) => one.type === "ReplicaFailure");
        const conditions =
          failure === undefined
            ? others
            : withCondition(
                [...others, ...(failed ?? [])],
                { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: failure },
                this.context.now(),
              );
        draft.status = {
          replicas: pods.length,
          ...(pods.length > 0 ? { fullyLabeledReplicas: pods.length } : {}),
          ...(ready > 0 ? { readyReplicas: ready, availableReplicas: ready } : {}),
          observedGeneration: set.metadata.generation ?? 1,
          ...(conditions.length > 0 ? { conditions } : {}),
        };
      },
      atStatus(replicaSetWriter),
    );
  }

  private tell(set: ReplicaSet, type: "Normal" | "Warning", reason: string, message: string): void {
    recordEvent(this.context, component, set, { type, reason, message });
  }
}

function isActive(pod: Pod): boolean {
  return pod.status.phase !== "Succeeded" && pod.status.phase !== "Failed";
}

export function isReady(pod: Pod): boolean {
  return holds(pod.status.conditions, "Ready");
}
