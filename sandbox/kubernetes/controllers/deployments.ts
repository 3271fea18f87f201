import { kindOf } from "../kinds.ts";
import { stableHash } from "../names.ts";
import type { KubeObject } from "../objects.ts";
import { asJson, same } from "../objects.ts";
import type { Deployment, Pod, PodTemplate, ReplicaSet } from "../types.ts";
import type { Controller, ControllerContext } from "./context.ts";
import { deploymentWriter } from "./context.ts";
import { DeploymentProgress } from "./deployment-progress.ts";
import { recordEvent } from "./events.ts";
import { controllerReference, controls } from "./owners.ts";
import { rollingSteps } from "./rolling.ts";

export const revisionAnnotation = "deployment.kubernetes.io/revision";
const hashLabel = "pod-template-hash";

/** Rolls Deployments from one ReplicaSet to the next, as the real controller does. */
export class Deployments implements Controller {
  readonly watches = ["deployments", "replicasets", "pods"];
  private readonly context: ControllerContext;
  private readonly progress: DeploymentProgress;

  constructor(context: ControllerContext) {
    this.context = context;
    this.progress = new DeploymentProgress(context);
  }

  reconcile(): void {
    for (const { metadata } of this.context.store.list<Deployment>("deployments")) {
      const deployment = this.context.store.get<Deployment>("deployments", metadata.namespace, metadata.name);
      if (deployment && !deployment.metadata.deletionTimestamp) this.reconcileOne(deployment);
    }
  }

  private reconcileOne(given: Deployment): void {
    let current = this.setsOf(given).find((set) => same(bare(set.spec.template), bare(given.spec.template)));
    if (!current && !given.spec.paused) current = this.createSet(given);
    if (current) this.markRevision(given, current);
    const deployment =
      this.context.store.get<Deployment>("deployments", given.metadata.namespace, given.metadata.name) ?? given;
    if (current && !deployment.spec.paused) this.roll(deployment, current);
    const sets = this.setsOf(deployment);
    const complete = this.progress.write(
      deployment,
      sets,
      current && sets.find(({ metadata }) => metadata.uid === current.metadata.uid),
    );
    if (complete && current) this.dropHistory(deployment, current);
  }

  private setsOf(deployment: Deployment): ReplicaSet[] {
    return this.context.store
      .list<ReplicaSet>("replicasets", deployment.metadata.namespace)
      .filter((set) => controls(deployment, set));
  }

  private createSet(deployment: Deployment): ReplicaSet {
    const { name, namespace, annotations } = deployment.metadata;
    const hash = stableHash(deployment.spec.template);
    const template = structuredClone(deployment.spec.template);
    const labels = { ...template.metadata?.labels, [hashLabel]: hash };
    template.metadata = { ...template.metadata, labels };
    const { "kubectl.kubernetes.io/last-applied-configuration": _, ...kept } = annotations ?? {};
    const set = {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: {
        name: `${name}-${hash}`,
        labels,
        annotations: kept,
        ownerReferences: [controllerReference(deployment)],
      },
      spec: {
        replicas: 0,
        selector: {
          ...deployment.spec.selector,
          matchLabels: { ...deployment.spec.selector.matchLabels, [hashLabel]: hash },
        },
        template,
      },
    };
    const made = this.context.api.create(
      kindOf("replicasets"),
      namespace,
      asJson(set as unknown as KubeObject),
      deploymentWriter,
    ) as ReplicaSet;
    this.progress.began(deployment, made, "NewReplicaSetCreated", `Created new replica set "${made.metadata.name}"`);
    return made;
  }

  /** The newest set carries the highest revision; a set that is used again gets a new one. */
  private markRevision(deployment: Deployment, current: ReplicaSet): void {
    const others = this.setsOf(deployment).filter(({ metadata }) => metadata.uid !== current.metadata.uid);
    const highest = Math.max(0, ...others.map(revisionOf));
    const live =
      this.context.store.get<ReplicaSet>("replicasets", current.metadata.namespace, current.metadata.name) ?? current;
    const revision = Math.max(highest + 1, revisionOf(live));
    if (revisionOf(live) !== revision) {
      if (revisionOf(live) > 0)
        this.progress.began(deployment, live, "FoundNewReplicaSet", `Found new replica set "${live.metadata.name}"`);
      this.context.api.modify<ReplicaSet>(
        "replicasets",
        live,
        (draft) => {
          draft.metadata.annotations = { ...draft.metadata.annotations, [revisionAnnotation]: String(revision) };
        },
        deploymentWriter,
      );
    }
    this.context.api.modify<Deployment>(
      "deployments",
      deployment,
      (draft) => {
        draft.metadata.annotations = { ...draft.metadata.annotations, [revisionAnnotation]: String(revision) };
      },
      deploymentWriter,
    );
  }

  private roll(deployment: Deployment, current: ReplicaSet): void {
    const sets = this.setsOf(deployment);
    const fresh = sets.find(({ metadata }) => metadata.uid === current.metadata.uid) ?? current;
    const old = sets.filter((set) => set !== fresh);
    if (deployment.spec.strategy.type === "Recreate") {
      for (const set of old) this.scale(deployment, set, 0);
      if (!this.podsRemain(deployment, old)) this.scale(deployment, fresh, deployment.spec.replicas);
      return;
    }
    for (const step of rollingSteps(deployment, fresh, old)) this.scale(deployment, step.set, step.replicas);
  }

  private podsRemain(deployment: Deployment, sets: readonly ReplicaSet[]): boolean {
    return this.context.store
      .list<Pod>("pods", deployment.metadata.namespace)
      .some((pod) => sets.some((set) => controls(set, pod)));
  }

  private scale(deployment: Deployment, set: ReplicaSet, replicas: number): void {
    const from = set.spec.replicas;
    if (from === replicas) return;
    this.context.api.modify<ReplicaSet>(
      "replicasets",
      set,
      (draft) => {
        draft.spec.replicas = replicas;
        draft.metadata.annotations = {
          ...draft.metadata.annotations,
          "deployment.kubernetes.io/desired-replicas": String(deployment.spec.replicas),
        };
      },
      deploymentWriter,
    );
    const message = `Scaled ${replicas > from ? "up" : "down"} replica set ${set.metadata.name} from ${from} to ${replicas}`;
    recordEvent(this.context, "deployment-controller", deployment, {
      type: "Normal",
      reason: "ScalingReplicaSet",
      message,
    });
  }

  private dropHistory(deployment: Deployment, current: ReplicaSet): void {
    const idle = this.setsOf(deployment)
      .filter(
        (set) =>
          set.metadata.uid !== current.metadata.uid && set.spec.replicas === 0 && (set.status?.replicas ?? 0) === 0,
      )
      .sort((a, b) => revisionOf(a) - revisionOf(b));
    for (const set of idle.slice(0, Math.max(0, idle.length - deployment.spec.revisionHistoryLimit))) {
      this.context.api.delete(kindOf("replicasets"), set, {}, deploymentWriter);
    }
  }
}

function revisionOf(set: ReplicaSet): number {
  return Number(set.metadata.annotations?.[revisionAnnotation] ?? 0);
}

/** The template without the label that the controller adds. */
function bare(template: PodTemplate): PodTemplate {
  const { [hashLabel]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}
