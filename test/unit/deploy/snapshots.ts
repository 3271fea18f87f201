import type {
  ContainerStatus,
  Deployment,
  Ingress,
  KubeEvent,
  KubeObject,
  Pod,
  ReplicaSet,
} from "../../../src/cluster/objects.ts";
import type { Snapshot, Surroundings } from "../../../src/deploy/snapshot.ts";

/** The moment of all snapshots. */
export const now = Date.parse("2026-11-24T12:00:00Z");

/** What a pod is like; everything else is as in a healthy rollout. */
export interface PodLike {
  readonly name?: string;
  readonly node?: string | undefined;
  readonly gpus?: number;
  readonly unscheduled?: string;
  readonly init?: Partial<ContainerStatus>;
  readonly main?: Partial<ContainerStatus>;
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly gate?: string;
  readonly events?: readonly { readonly reason: string; readonly message: string; readonly type?: string }[];
  readonly logs?: Readonly<Record<string, readonly string[]>>;
  /** Of the run before, by container. */
  readonly previous?: Readonly<Record<string, readonly string[]>>;
  /** Of the ReplicaSet before. */
  readonly old?: boolean;
  readonly terminating?: boolean;
  /** An init container that runs on beside the others. */
  readonly sidecar?: Partial<ContainerStatus>;
  /** `false`: the server has none. */
  readonly startupProbe?: boolean;
  /** Reason of the condition PodScheduled. */
  readonly unscheduledFor?: string;
}

export interface SnapshotLike {
  readonly pods?: readonly PodLike[];
  readonly wanted?: number;
  readonly refused?: string;
  readonly ingress?: { readonly address?: string; readonly scheme?: string; readonly events?: PodLike["events"] };
  readonly surroundings?: Surroundings;
  readonly status?: Deployment["status"];
  readonly paused?: boolean;
}

export const image = "210987654321.dkr.ecr.us-east-2.amazonaws.com/atlas:2611";
const done: Partial<ContainerStatus> = { ready: true, state: { terminated: { exitCode: 0, reason: "Completed" } } };

/** A Deployment `inference-point` of one model, its ReplicaSets, pods, events and Ingress. */
export function snapshot(like: SnapshotLike): Snapshot {
  const wanted = like.wanted ?? 1;
  const deployment: Deployment = {
    metadata: { name: "inference-point", uid: "d", generation: 2 },
    spec: {
      replicas: wanted,
      ...(like.paused ? { paused: true } : {}),
      template: { spec: { containers: [{ name: "inference", image }] } },
    },
    status: like.status ?? { observedGeneration: 2, replicas: wanted, updatedReplicas: wanted, availableReplicas: 0 },
  };
  const set = (uid: string, revision: string): ReplicaSet => ({
    metadata: {
      name: `inference-point-${uid}`,
      uid,
      annotations: { "deployment.kubernetes.io/revision": revision },
      ownerReferences: [{ kind: "Deployment", name: "inference-point", uid: "d" }],
    },
    spec: { replicas: wanted },
    status: {
      replicas: like.pods?.length ?? 0,
      ...(like.refused
        ? { conditions: [{ type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: like.refused }] }
        : {}),
    },
  });
  const pods = (like.pods ?? []).map((pod, index) => podOf(pod, index));
  const ingress: Ingress = {
    metadata: {
      name: "inference-point",
      uid: "i",
      annotations: { "alb.ingress.kubernetes.io/scheme": like.ingress?.scheme ?? "internal" },
    },
    spec: { rules: [{ host: "point.dev.example.com" }] },
    status: { loadBalancer: { ingress: like.ingress?.address ? [{ hostname: like.ingress.address }] : [] } },
  };
  const events = [
    ...(like.pods ?? []).flatMap((pod, index) => (pod.events ?? []).map((event) => eventOf(event, pods[index]!))),
    ...(like.ingress?.events ?? []).map((event) => eventOf(event, ingress)),
  ];
  const logs = Object.fromEntries(
    (like.pods ?? []).flatMap((pod, index) =>
      Object.entries(pod.logs ?? {}).map(([container, lines]) => [
        `${pods[index]!.metadata.name}/${container}`,
        { lines, movedAt: now, ...(pod.previous?.[container] ? { previous: pod.previous[container] } : {}) },
      ]),
    ),
  );
  return {
    at: now,
    namespace: "poolside-models",
    deployments: [deployment],
    replicaSets: [set("new", "2"), set("old", "1")],
    pods,
    ingresses: [ingress],
    events,
    logs,
    surroundings: like.surroundings ?? {},
  };
}

function podOf(like: PodLike, index: number): Pod {
  const set = like.old ? "old" : "new";
  const gpus = String(like.gpus ?? 4);
  const status = (name: string, given: Partial<ContainerStatus>): ContainerStatus => ({
    name,
    ready: false,
    restartCount: 0,
    ...given,
  });
  const scheduled = like.unscheduled === undefined;
  return {
    metadata: {
      name: like.name ?? `inference-point-${set}-${index}`,
      uid: `p${index}`,
      ownerReferences: [{ kind: "ReplicaSet", name: `inference-point-${set}`, uid: set }],
      ...(like.terminating ? { deletionTimestamp: new Date(now).toISOString() } : {}),
    },
    spec: {
      ...(scheduled ? { nodeName: like.node ?? "gpu-1" } : {}),
      initContainers: [
        ...(like.sidecar ? [{ name: "proxy", image, restartPolicy: "Always" }] : []),
        { name: "model-downloader", image },
      ],
      containers: [
        {
          name: "inference",
          image,
          resources: { limits: { "nvidia.com/gpu": gpus } },
          ...(like.startupProbe === false ? {} : { startupProbe: { httpGet: { path: "/health" } } }),
        },
      ],
    },
    status: {
      phase: like.phase ?? "Pending",
      ...(like.reason ? { reason: like.reason } : {}),
      ...(like.message ? { message: like.message } : {}),
      conditions: [
        scheduled
          ? { type: "PodScheduled", status: "True" }
          : {
              type: "PodScheduled",
              status: "False",
              reason: like.unscheduledFor ?? "Unschedulable",
              message: like.unscheduled ?? "",
            },
        { type: "Ready", status: like.main?.ready && !like.gate ? "True" : "False" },
        ...(like.gate
          ? [
              {
                type: "target-health.elbv2.k8s.aws/k8s-poolside",
                status: "False",
                reason: "Initial",
                message: like.gate,
              },
            ]
          : []),
      ],
      ...(scheduled
        ? {
            initContainerStatuses: [
              ...(like.sidecar ? [status("proxy", like.sidecar)] : []),
              status("model-downloader", like.init ?? (like.main ? done : { state: { running: {} } })),
            ],
            containerStatuses: [
              status("inference", like.main ?? { state: { waiting: { reason: "PodInitializing" } } }),
            ],
          }
        : {}),
    },
  };
}

function eventOf(
  event: { readonly reason: string; readonly message: string; readonly type?: string },
  about: KubeObject,
): KubeEvent {
  return {
    metadata: { name: event.reason },
    involvedObject: { uid: about.metadata.uid ?? "", name: about.metadata.name },
    type: event.type ?? "Warning",
    reason: event.reason,
    message: event.message,
    lastTimestamp: new Date(now).toISOString(),
  };
}
