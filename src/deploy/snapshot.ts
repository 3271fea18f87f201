import type { Deployment, Ingress, KubeEvent, KubeObject, Pod, ReplicaSet } from "../cluster/objects.ts";

/** Everything that health and diagnosis look at, at one moment; nothing in it changes afterwards. */
export interface Snapshot {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly namespace: string;
  readonly deployments: readonly Deployment[];
  readonly replicaSets: readonly ReplicaSet[];
  readonly pods: readonly Pod[];
  readonly ingresses: readonly Ingress[];
  readonly events: readonly KubeEvent[];
  /** Last lines of logs, by `pod/container`. */
  readonly logs: Readonly<Record<string, LogTail>>;
  /** The cluster around the release, as far as it could be read. */
  readonly surroundings: Surroundings;
}

export interface LogTail {
  readonly lines: readonly string[];
  /** Of the run before, where that one crashed and the container runs again. */
  readonly previous?: readonly string[];
  /** When a new line was last seen, milliseconds since the epoch. */
  readonly movedAt: number;
}

/** What lies outside the namespace; absent parts could not be read. */
export interface Surroundings {
  /** GPUs that nodes offer in all; absent: nodes may not be read. */
  readonly gpus?: number;
  /** GPUs that no pod has asked for. */
  readonly freeGpus?: number;
  /** An autoscaler may bring nodes: Karpenter, or a node group that can grow. */
  readonly canGrow?: boolean;
  /** The user waits for capacity, whatever stands in the way (`surge: wait`). */
  readonly awaited?: boolean;
  /** The load balancer controller has ready pods. Auto Mode has none, and needs none. */
  readonly controllerReady?: boolean;
}

/** The ReplicaSet of a Deployment's current template: the one of the highest revision. */
export function newestReplicaSet(snapshot: Snapshot, deployment: Deployment): ReplicaSet | undefined {
  const revision = (set: ReplicaSet) => Number(set.metadata.annotations?.["deployment.kubernetes.io/revision"] ?? 0);
  return snapshot.replicaSets
    .filter((set) => isOwnedBy(set, deployment))
    .toSorted((a, b) => revision(b) - revision(a))[0];
}

/** Pods of the Deployment: those of its newest ReplicaSet, and the others. */
export function podsOf(
  snapshot: Pick<Snapshot, "replicaSets" | "pods">,
  deployment: Deployment,
): { readonly current: readonly Pod[]; readonly old: readonly Pod[] } {
  const newest = newestReplicaSet(snapshot as Snapshot, deployment);
  const sets = snapshot.replicaSets.filter((set) => isOwnedBy(set, deployment));
  const current = newest ? snapshot.pods.filter((pod) => isOwnedBy(pod, newest)) : [];
  const old = snapshot.pods.filter(
    (pod) => !current.includes(pod) && sets.some((set) => set !== newest && isOwnedBy(pod, set)),
  );
  return { current, old };
}

export function isOwnedBy(object: KubeObject, owner: KubeObject): boolean {
  return (object.metadata.ownerReferences ?? []).some((reference) => reference.uid === owner.metadata.uid);
}

/** Events about an object, the newest last. */
export function eventsAbout(snapshot: Snapshot, object: KubeObject): readonly KubeEvent[] {
  return snapshot.events
    .filter((event) => event.involvedObject.uid === object.metadata.uid)
    .toSorted((a, b) => eventTime(a) - eventTime(b));
}

/** When an event last happened, milliseconds since the epoch. */
export function eventTime(event: KubeEvent): number {
  const text = event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp ?? event.metadata.creationTimestamp ?? "";
  const value = Date.parse(text);
  return Number.isFinite(value) ? value : 0;
}

/** Changes each time that an event happens again; empty without one. */
export function timesOf(event: KubeEvent | undefined): string {
  return event ? `${event.metadata.name} ${event.count ?? 1} ${eventTime(event)}` : "";
}

/** The last lines that a container has said; empty where none were read. */
export function tailOf(snapshot: Snapshot, pod: Pod, container: string): readonly string[] {
  return snapshot.logs[`${pod.metadata.name}/${container}`]?.lines ?? [];
}
