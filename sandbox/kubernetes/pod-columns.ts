import { humanDuration } from "./duration.ts";
import type { ContainerStatus, Pod } from "./types.ts";

/** Ready, status and restarts of a pod as the command line shows them: `0/1`, `Init:CrashLoopBackOff`, `3 (10s ago)`. */
export function podCells(pod: Pod, now: number): { ready: string; status: string; restarts: string } {
  const main = pod.status.containerStatuses ?? [];
  const init = pod.status.initContainerStatuses ?? [];
  const pending = init.findIndex((status) => status.state.terminated?.exitCode !== 0);
  const initializing = pending >= 0 && pod.status.phase === "Pending";
  const shown = initializing ? init : main;
  const restarts = shown.reduce((sum, status) => sum + status.restartCount, 0);
  const last = shown.map((status) => status.lastState.terminated?.finishedAt).find((time) => time !== undefined);
  return {
    ready: `${main.filter((status) => status.ready).length}/${pod.spec.containers.length}`,
    status: statusText(pod, initializing ? init[pending] : undefined, pending, main),
    restarts: restarts > 0 && last ? `${restarts} (${humanDuration(now - Date.parse(last))} ago)` : String(restarts),
  };
}

function statusText(
  pod: Pod,
  initial: ContainerStatus | undefined,
  done: number,
  main: readonly ContainerStatus[],
): string {
  if (pod.metadata.deletionTimestamp) return "Terminating";
  if (initial) {
    const { waiting, terminated } = initial.state;
    if (terminated) return `Init:${terminated.reason}`;
    if (waiting && waiting.reason !== "PodInitializing") return `Init:${waiting.reason}`;
    return `Init:${done}/${pod.spec.initContainers?.length ?? 0}`;
  }
  const stuck = main.find((status) => status.state.waiting ?? status.state.terminated);
  return stuck?.state.waiting?.reason ?? stuck?.state.terminated?.reason ?? pod.status.reason ?? pod.status.phase;
}
