import type { SnapshotLike } from "../snapshots.ts";

/** A state of a cluster: what is the matter, the snapshot, and the code that it is to be told by. */
export type State = readonly [string, SnapshotLike, string];

/** Status of a server that serves. */
export const serving = { ready: true, started: true, state: { running: {} } };
/** The scheduler's words where GPUs are short. */
export const short =
  "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are available.";

/** The downloader waits to be started, for this reason. */
export function waiting(reason: string, message = ""): SnapshotLike {
  return { pods: [{ init: { state: { waiting: { reason, message } } } }] };
}

/** The downloader has crashed again and again, with these last words. */
export function crashing(lines: readonly string[], more: object = {}): SnapshotLike {
  return {
    pods: [
      {
        init: {
          restartCount: 3,
          state: { waiting: { reason: "CrashLoopBackOff" } },
          lastState: { terminated: { exitCode: 1, reason: "Error", ...more } },
        },
        logs: { "model-downloader": lines },
      },
    ],
  };
}

/** The model server has. */
export function serverCrash(lines: readonly string[], more: object = {}): SnapshotLike {
  return {
    pods: [
      {
        main: {
          restartCount: 2,
          state: { waiting: { reason: "CrashLoopBackOff" } },
          lastState: { terminated: { exitCode: 1, reason: "Error", ...more } },
        },
        logs: { inference: lines },
      },
    ],
  };
}

/** The load balancer controller says this of the Ingress. */
export function ingressEvent(message: string, scheme?: string): SnapshotLike {
  return {
    pods: [{ main: serving }],
    ingress: { events: [{ reason: "FailedBuildModel", message }], ...(scheme ? { scheme } : {}) },
  };
}
