import { size } from "../action/describe.ts";
import type { Container, ContainerStatus, Deployment, Ingress, Pod } from "../cluster/objects.ts";
import { isSidecar } from "./diagnosis/pods.ts";
import { progressOf } from "./download.ts";
import { newestReplicaSet, podsOf, type Snapshot, tailOf } from "./snapshot.ts";
import { isActive } from "./workloads.ts";

/** Where a pod or a model stands on its way to serving. */
export type Phase =
  | "waiting"
  | "scheduling"
  | "pulling"
  | "downloading"
  | "starting"
  | "loading"
  | "probing"
  | "replacing"
  | "ready";

export interface WorkloadHealth {
  readonly name: string;
  readonly phase: Phase;
  /** `12.4 GiB of 67.0 GiB`; empty where nothing more is known. */
  readonly detail: string;
  /** How much is downloaded, where the log tells it in bytes. */
  readonly bytes?: DownloadedBytes | undefined;
  readonly ready: boolean;
}

export interface DownloadedBytes {
  readonly done: number;
  readonly total: number;
}

/** Where one pod stands. */
type PodPhase = Pick<WorkloadHealth, "phase" | "detail" | "bytes">;

/** Digests that images must have, by reference as pods name it (`registry/atlas:tag`). */
export type ExpectedImages = Readonly<Record<string, string>>;

export interface Health {
  readonly ready: boolean;
  readonly workloads: readonly WorkloadHealth[];
  /** Ingresses that have no address yet. */
  readonly waitingIngresses: readonly string[];
  /** Pods that run other bytes than planned. */
  readonly wrongImages: readonly WrongImage[];
}

export interface WrongImage {
  readonly pod: string;
  readonly image: string;
  readonly expected: string;
  readonly actual: string;
}

/** What must be healthy: names of Deployments and of Ingresses. */
export interface Expected {
  readonly deployments: readonly string[];
  readonly ingresses: readonly string[];
  readonly images: ExpectedImages;
}

/** Whether what the release wants is so; pure. */
export function healthOf(snapshot: Snapshot, expected: Expected): Health {
  const workloads = expected.deployments.map((name) =>
    workloadHealth(
      snapshot,
      name,
      snapshot.deployments.find((deployment) => deployment.metadata.name === name),
    ),
  );
  const waitingIngresses = expected.ingresses.filter(
    (name) => addressOf(snapshot.ingresses.find((ingress) => ingress.metadata.name === name)) === undefined,
  );
  const wrongImages = expected.deployments.flatMap((name) => wrongImagesOf(snapshot, name, expected.images));
  const ready =
    workloads.every((workload) => workload.ready) && waitingIngresses.length === 0 && wrongImages.length === 0;
  return { ready, workloads, waitingIngresses, wrongImages };
}

/** The load balancer's name or address of an Ingress. */
export function addressOf(ingress: Ingress | undefined): string | undefined {
  const [first] = ingress?.status?.loadBalancer?.ingress ?? [];
  return first?.hostname ?? first?.ip;
}

/**
 * A Deployment is ready when its controller has seen the template, and all its pods are of it, available, and the only ones.
 * Pods of an old ReplicaSet say nothing about the new one.
 */
function workloadHealth(snapshot: Snapshot, name: string, deployment: Deployment | undefined): WorkloadHealth {
  if (!deployment) return { name, phase: "waiting", detail: "the Deployment is not there yet", ready: false };
  const { spec, status = {}, metadata } = deployment;
  const wanted = spec.replicas ?? 1;
  const seen = (status.observedGeneration ?? 0) >= (metadata.generation ?? 1);
  const complete =
    seen &&
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted;
  if (complete) return { name, phase: "ready", detail: "", ready: true };
  if (!seen || !newestReplicaSet(snapshot, deployment)) return { name, phase: "waiting", detail: "", ready: false };
  const { current, old } = podsOf(snapshot, deployment);
  const living = current.filter((pod) => !pod.metadata.deletionTimestamp && isActive(pod));
  if (living.length === 0) return { name, phase: wanted === 0 ? "replacing" : "waiting", detail: "", ready: false };
  const slowest = living.map((pod) => podPhase(snapshot, pod)).toSorted((a, b) => order(a.phase) - order(b.phase))[0]!;
  if (slowest.phase === "ready" && (old.length > 0 || (status.availableReplicas ?? 0) >= wanted))
    return { name, phase: "replacing", detail: "old pods are ending", ready: false };
  return { name, ready: false, ...slowest };
}

const phases: readonly Phase[] = [
  "waiting",
  "scheduling",
  "pulling",
  "downloading",
  "starting",
  "loading",
  "probing",
  "replacing",
  "ready",
];

function order(phase: Phase): number {
  return phases.indexOf(phase);
}

/** Where one pod stands, from its status and the tail of its logs. */
export function podPhase(snapshot: Snapshot, pod: Pod): PodPhase {
  const { status = {}, spec } = pod;
  if (!spec.nodeName) return { phase: "scheduling", detail: "" };
  if (status.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True"))
    return { phase: "ready", detail: "" };
  for (const container of spec.initContainers ?? []) {
    const state = status.initContainerStatuses?.find((item) => item.name === container.name);
    if (state?.state?.terminated?.exitCode === 0) continue;
    if (isSidecar(container) && state?.state?.running && state.started !== false) continue;
    if (state?.state?.running) return downloading(snapshot, pod, container);
    return { phase: "pulling", detail: waitingDetail(state) };
  }
  const states = spec.containers.map((container) =>
    status.containerStatuses?.find((item) => item.name === container.name),
  );
  const waiting = states.find((state) => !state?.state?.running);
  if (waiting !== undefined || states.includes(undefined))
    return {
      phase: waiting?.restartCount ? "starting" : spec.initContainers?.length ? "starting" : "pulling",
      detail: waitingDetail(waiting),
    };
  // Without a startup probe nothing tells loading from probing.
  const loading = states.some((state) => state?.started === false) || spec.containers.every((one) => !one.startupProbe);
  return loading ? { phase: "loading", detail: "" } : { phase: "probing", detail: "" };
}

function waitingDetail(state: ContainerStatus | undefined): string {
  const reason = state?.state?.waiting?.reason ?? state?.state?.terminated?.reason ?? "";
  return reason === "PodInitializing" || reason === "ContainerCreating" ? "" : reason;
}

function downloading(snapshot: Snapshot, pod: Pod, container: Container): PodPhase {
  const { done, total, percent } = progressOf(tailOf(snapshot, pod, container.name)) ?? {};
  const phase = "downloading";
  if (done !== undefined && total !== undefined)
    return { phase, detail: `${size(done)} of ${size(total)}`, bytes: { done, total } };
  return { phase, detail: percent === undefined ? "" : `${Math.floor(percent)} %` };
}

/** Pods of the current template whose runtime pulled another digest than the planned one. */
function wrongImagesOf(snapshot: Snapshot, name: string, images: ExpectedImages): readonly WrongImage[] {
  const deployment = snapshot.deployments.find((item) => item.metadata.name === name);
  if (!deployment) return [];
  return podsOf(snapshot, deployment).current.flatMap((pod) => {
    const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
    const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
    return statuses.flatMap((status) => {
      const image = containers.find((container) => container.name === status.name)?.image ?? "";
      const expected = images[image];
      const actual = /sha256:[0-9a-f]{64}$/.exec(status.imageID ?? "")?.[0];
      if (!expected || !actual || actual === expected) return [];
      return [{ pod: pod.metadata.name, image, expected, actual }];
    });
  });
}
