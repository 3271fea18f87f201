import { timestamp } from "../objects.ts";
import type { Condition, Deployment, DeploymentStatus, ReplicaSet } from "../types.ts";
import type { ControllerContext } from "./context.ts";
import { atStatus, deploymentWriter } from "./context.ts";
import { limitsOf } from "./rolling.ts";

interface Since {
  /** When progress was last seen, and of what. */
  at: number;
  set: string;
}

/** Status and conditions of Deployments: Available, Progressing with its deadline, ReplicaFailure. */
export class DeploymentProgress {
  private readonly context: ControllerContext;
  private readonly since = new Map<string, Since>();
  private readonly overdue = new Set<string>();
  private readonly reasons = new Map<string, Pick<Condition, "reason" | "message">>();

  constructor(context: ControllerContext) {
    this.context = context;
  }

  /** A new or an earlier set is being rolled out. */
  began(deployment: Deployment, set: ReplicaSet, reason: string, message: string): void {
    this.reasons.set(deployment.metadata.uid, { reason, message });
    this.restart(deployment, set);
  }

  /** Writes the status; true when the rollout is complete. */
  write(deployment: Deployment, sets: readonly ReplicaSet[], fresh: ReplicaSet | undefined): boolean {
    const sum = (of: (set: ReplicaSet) => number | undefined) => sets.reduce((total, set) => total + (of(set) ?? 0), 0);
    const available = sum((set) => set.status?.availableReplicas);
    const counts = {
      replicas: sum((set) => set.status?.replicas),
      updatedReplicas: fresh?.status?.replicas ?? 0,
      readyReplicas: sum((set) => set.status?.readyReplicas),
      availableReplicas: available,
      unavailableReplicas: Math.max(0, sum((set) => set.spec.replicas) - available),
    };
    const wanted = deployment.spec.replicas;
    const complete = counts.updatedReplicas === wanted && counts.replicas === wanted && available === wanted;
    const conditions = this.conditions(deployment, sets, fresh, counts, complete);
    this.context.api.modify<Deployment>(
      "deployments",
      deployment,
      (draft) => {
        const shown = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
        draft.status = { observedGeneration: deployment.metadata.generation ?? 1, ...shown, conditions };
      },
      atStatus(deploymentWriter),
    );
    return complete;
  }

  private conditions(
    deployment: Deployment,
    sets: readonly ReplicaSet[],
    fresh: ReplicaSet | undefined,
    counts: Required<Pick<DeploymentStatus, "replicas" | "updatedReplicas" | "readyReplicas" | "availableReplicas">>,
    complete: boolean,
  ): Condition[] {
    const before = deployment.status?.conditions ?? [];
    const list: Condition[] = [];
    const minimum = deployment.spec.replicas - limitsOf(deployment).maxUnavailable;
    const enough = counts.availableReplicas >= minimum;
    list.push(
      this.condition(before, {
        type: "Available",
        status: enough ? "True" : "False",
        reason: enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
        message: enough ? "Deployment has minimum availability." : "Deployment does not have minimum availability.",
      }),
    );
    const failed = sets.flatMap((set) => set.status?.conditions ?? []).find((one) => one.type === "ReplicaFailure");
    if (failed) list.push(this.condition(before, failed));
    list.push(this.progressing(deployment, before, fresh, counts, complete));
    return list.sort((a, b) => (a.type < b.type ? -1 : 1));
  }

  private progressing(
    deployment: Deployment,
    before: readonly Condition[],
    fresh: ReplicaSet | undefined,
    counts: Required<Pick<DeploymentStatus, "replicas" | "updatedReplicas" | "readyReplicas" | "availableReplicas">>,
    complete: boolean,
  ): Condition {
    const old = before.find((one) => one.type === "Progressing");
    const { uid } = deployment.metadata;
    const set = `ReplicaSet "${fresh?.metadata.name ?? ""}"`;
    if (
      complete ||
      (old?.reason === "NewReplicaSetAvailable" && !this.reasons.has(uid) && counts.replicas === counts.updatedReplicas)
    ) {
      this.reasons.delete(uid);
      this.overdue.delete(uid);
      this.since.delete(uid);
      return this.condition(before, {
        type: "Progressing",
        status: "True",
        reason: "NewReplicaSetAvailable",
        message: `${set} has successfully progressed.`,
      });
    }
    const status = deployment.status ?? {};
    const advanced =
      counts.updatedReplicas > (status.updatedReplicas ?? 0) ||
      counts.readyReplicas > (status.readyReplicas ?? 0) ||
      counts.availableReplicas > (status.availableReplicas ?? 0) ||
      counts.replicas - counts.updatedReplicas < (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
    const started = this.reasons.get(uid);
    if (started && old?.message !== started.message && !advanced) {
      return this.condition(before, { type: "Progressing", status: "True", ...started }, true);
    }
    if (advanced && fresh) {
      this.restart(deployment, fresh);
      return this.condition(
        before,
        { type: "Progressing", status: "True", reason: "ReplicaSetUpdated", message: `${set} is progressing.` },
        true,
      );
    }
    if (this.overdue.has(uid)) {
      return this.condition(before, {
        type: "Progressing",
        status: "False",
        reason: "ProgressDeadlineExceeded",
        message: `${set} has timed out progressing.`,
      });
    }
    return (
      old ??
      this.condition(before, {
        type: "Progressing",
        status: "True",
        reason: "ReplicaSetUpdated",
        message: `${set} is progressing.`,
      })
    );
  }

  private restart(deployment: Deployment, set: ReplicaSet): void {
    const { uid } = deployment.metadata;
    const mark = { at: this.context.now(), set: set.metadata.uid };
    this.since.set(uid, mark);
    this.overdue.delete(uid);
    this.context.after(deployment.spec.progressDeadlineSeconds * 1000, () => {
      if (this.since.get(uid) !== mark) return;
      const live = this.context.store.get<Deployment>(
        "deployments",
        deployment.metadata.namespace,
        deployment.metadata.name,
      );
      if (live?.metadata.uid !== uid) return;
      this.overdue.add(uid);
      this.context.api.modify<Deployment>(
        "deployments",
        live,
        (draft) => {
          const before = draft.status?.conditions ?? [];
          const message = `ReplicaSet "${set.metadata.name}" has timed out progressing.`;
          const timedOut = this.condition(before, {
            type: "Progressing",
            status: "False",
            reason: "ProgressDeadlineExceeded",
            message,
          });
          draft.status = {
            ...draft.status,
            conditions: [...before.filter((one) => one.type !== "Progressing"), timedOut],
          };
        },
        atStatus(deploymentWriter),
      );
    });
  }

  /** Deployments' conditions also carry the time of their last update. */
  private condition(
    before: readonly Condition[],
    { type, status, reason, message }: Pick<Condition, "type" | "status" | "reason" | "message">,
    touch = false,
  ): Condition {
    const old = before.find((one) => one.type === type);
    const now = timestamp(this.context.now());
    if (old && !touch && old.status === status && old.reason === reason && old.message === message) return old;
    const lastTransitionTime = old?.status === status ? (old.lastTransitionTime ?? now) : now;
    return {
      type,
      status,
      ...(reason ? { reason } : {}),
      ...(message ? { message } : {}),
      lastUpdateTime: now,
      lastTransitionTime,
    };
  }
}
