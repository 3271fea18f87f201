import type { Deployment, Node, Pod } from "../cluster/objects.ts";
import { quantity } from "./quantity.ts";
import { gpuResource, gpusOf, isActive, type Workload } from "./workloads.ts";

/** GPUs of one node. */
export interface NodeGpus {
  readonly node: string;
  readonly all: number;
  readonly free: number;
  /** Bytes of one GPU, as feature discovery labels it; undefined without the label. */
  readonly memory?: number | undefined;
}

/** What nodes that take pods offer, and what is left of it. */
export function nodeGpus(nodes: readonly Node[], pods: readonly Pod[]): readonly NodeGpus[] {
  return nodes
    .filter((node) => !node.spec?.unschedulable && isReady(node))
    .map((node) => {
      const all = quantity(node.status?.allocatable?.[gpuResource]) ?? 0;
      const used = pods
        .filter((pod) => pod.spec.nodeName === node.metadata.name && isActive(pod))
        .reduce((sum, pod) => sum + gpusOf(pod.spec), 0);
      const mebibytes = Number(node.metadata.labels?.["nvidia.com/gpu.memory"]);
      const memory = mebibytes > 0 ? mebibytes * 2 ** 20 : undefined;
      return { node: node.metadata.name, all, free: all - used, memory };
    })
    .filter(({ all }) => all > 0);
}

function isReady(node: Node): boolean {
  return node.status?.conditions?.find((item) => item.type === "Ready")?.status === "True";
}

/** Nodes that are meant to have GPUs, and whose device plugin offers none. */
export function silentGpuNodes(nodes: readonly Node[]): readonly string[] {
  return nodes
    .filter(({ metadata: { labels = {} }, spec = {}, status = {} }) => {
      const meant =
        labels["nvidia.com/gpu.present"] === "true" ||
        labels["eks.amazonaws.com/instance-gpu-manufacturer"] === "nvidia" ||
        labels["karpenter.k8s.aws/instance-gpu-manufacturer"] === "nvidia" ||
        (spec.taints ?? []).some((taint) => taint.key === gpuResource);
      return meant && (quantity(status.allocatable?.[gpuResource]) ?? 0) === 0;
    })
    .map((node) => node.metadata.name);
}

/** Nodes may be on their way: Karpenter's labels or Auto Mode's say that something brings them. */
export function canGrow(nodes: readonly Node[]): boolean {
  return nodes.some((node) =>
    Object.keys(node.metadata.labels ?? {}).some(
      (label) => label.startsWith("karpenter.sh/") || label.startsWith("eks.amazonaws.com/compute-type"),
    ),
  );
}

/** What an upgrade does to a workload. */
export interface GpuChange {
  readonly workload: Workload;
  /** `undefined`: it is new. */
  readonly live: Deployment | undefined;
  /** Its pods are replaced. */
  readonly replaced: boolean;
}

/** Whether the pods of an upgrade find GPUs, and what stands in the way. */
export type GpuVerdict =
  | { readonly kind: "fits" }
  /** Even without any old pod of the release there is not enough. */
  | { readonly kind: "short"; readonly needed: number; readonly available: number; readonly largest: number }
  /** Only if old pods went first: the named workloads wait for ever in a rolling update. */
  | {
      readonly kind: "deadlock";
      readonly workloads: readonly string[];
      readonly needed: number;
      readonly free: number;
    };

/**
 * Places the pods that a rolling update starts beside the old ones, each whole on one node. `leaving`: pods of workloads that the upgrade removes; helm
 * deletes them in the same breath. Which pods share a node is the scheduler's choice: largest first is what can work at all.
 */
export function judgeGpus(
  nodes: readonly NodeGpus[],
  changes: readonly GpuChange[],
  livePods: (deployment: Deployment) => readonly Pod[],
  leaving: readonly Pod[],
): GpuVerdict {
  const starting = changes.flatMap((change) => startingPods(change));
  const room = freed(nodes, leaving);
  if (
    fits(
      room,
      starting.map((pod) => pod.gpus),
    )
  )
    return { kind: "fits" };
  const replaced = changes.filter((change) => change.replaced && change.live);
  const old = replaced.flatMap((change) => [...livePods(change.live!)]);
  const whole = changes.flatMap((change) =>
    Array.from({ length: change.replaced || !change.live ? change.workload.replicas : 0 }, () => change.workload.gpus),
  );
  const needed = starting.reduce((sum, pod) => sum + pod.gpus, 0);
  if (old.length > 0 && fits(freed(room, old), whole)) {
    return {
      kind: "deadlock",
      workloads: [
        ...new Set(replaced.filter((change) => change.workload.gpus > 0).map((change) => change.workload.name)),
      ],
      needed,
      free: total(room),
    };
  }
  const most = freed(room, old);
  return {
    kind: "short",
    needed: whole.reduce((sum, gpus) => sum + gpus, 0),
    available: total(most),
    largest: Math.max(0, ...most.map((node) => node.free)),
  };
}

function total(nodes: readonly NodeGpus[]): number {
  return nodes.reduce((sum, node) => sum + node.free, 0);
}

function freed(nodes: readonly NodeGpus[], pods: readonly Pod[]): readonly NodeGpus[] {
  return nodes.map((node) => ({
    ...node,
    free:
      node.free +
      pods
        .filter((pod) => pod.spec.nodeName === node.node && isActive(pod))
        .reduce((sum, pod) => sum + gpusOf(pod.spec), 0),
  }));
}

function startingPods(change: GpuChange): readonly { readonly gpus: number }[] {
  const { gpus } = change.workload;
  return gpus === 0 ? [] : Array.from({ length: startingCount(change) }, () => ({ gpus }));
}

/** Number of pods that come up while the old ones are still there. */
export function startingCount({ workload: { replicas, object }, live, replaced }: GpuChange): number {
  if (!live) return replicas;
  const more = Math.max(0, replicas - (live.spec.replicas ?? 1));
  if (!replaced) return more;
  if (object.spec.strategy?.type === "Recreate") return 0;
  const { maxSurge = "25%", maxUnavailable = "25%" } = object.spec.strategy?.rollingUpdate ?? {};
  const surge = share(maxSurge, replicas, Math.ceil);
  const unavailable = share(maxUnavailable, replicas, Math.floor);
  // Where an old pod may go first, one pod's room is enough.
  return more + (unavailable > 0 ? 0 : Math.max(1, surge));
}

function share(value: string | number, replicas: number, round: (number: number) => number): number {
  const percent = /^(\d+)%$/.exec(String(value));
  return percent ? round((Number(percent[1]) / 100) * replicas) : Number(value);
}

function fits(nodes: readonly NodeGpus[], pods: readonly number[]): boolean {
  const free = nodes.map((node) => node.free);
  for (const gpus of pods.toSorted((a, b) => b - a)) {
    if (gpus === 0) continue;
    // The fullest node that still takes it leaves the most room elsewhere.
    const best = free.reduce(
      (found, room, index) => (room >= gpus && (found < 0 || room < free[found]!) ? index : found),
      -1,
    );
    if (best < 0) return false;
    free[best]! -= gpus;
  }
  return true;
}
