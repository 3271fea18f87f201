import type { Container, ContainerStatus, Deployment, Pod } from "../../cluster/objects.ts";
import { podsOf, type Snapshot } from "../snapshot.ts";
import { type Attempts, backOff, type DiagnosisScope, patience } from "./diagnosis.ts";

/** Pods of the current template of each Deployment of the release; an old ReplicaSet's, and those that were told to end, are not looked at. */
export function currentPods(
  snapshot: Snapshot,
  scope: DiagnosisScope,
): readonly { readonly pod: Pod; readonly deployment: Deployment }[] {
  return scope.deployments.flatMap((name) => {
    const deployment = snapshot.deployments.find((item) => item.metadata.name === name);
    if (!deployment) return [];
    const { current } = podsOf(snapshot, deployment);
    return current.filter((pod) => !pod.metadata.deletionTimestamp).map((pod) => ({ pod, deployment }));
  });
}

/** A container with its status. */
export interface ContainerView {
  readonly container: Container;
  readonly status: ContainerStatus;
  /** It must end before the others start; a sidecar need not. */
  readonly init: boolean;
}

/** An init container that goes on running beside the others (https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/). */
export function isSidecar({ restartPolicy }: Container): boolean {
  return restartPolicy === "Always";
}

/** All containers of a pod that have a status, in the order in which they run. */
export function containersOf(pod: Pod): readonly ContainerView[] {
  const view = (init: boolean, containers: readonly Container[], statuses: readonly ContainerStatus[] = []) =>
    containers.flatMap((container) => {
      const status = statuses.find((item) => item.name === container.name);
      return status ? [{ container, status, init: init && !isSidecar(container) }] : [];
    });
  return [
    ...view(true, pod.spec.initContainers ?? [], pod.status?.initContainerStatuses),
    ...view(false, pod.spec.containers, pod.status?.containerStatuses),
  ];
}

/** How a container last ended, whether or not it waits to start again. */
export function lastEnd(status: ContainerStatus) {
  return status.state?.terminated ?? status.lastState?.terminated;
}

/** The last lines that a container has said before it ended: while it runs again, those of the run before. */
export function lastWords(snapshot: Snapshot, pod: Pod, status: ContainerStatus): readonly string[] {
  const tail = snapshot.logs[`${pod.metadata.name}/${status.name}`];
  return (status.state?.running ? tail?.previous : tail?.lines) ?? [];
}

/** Names the last end of a container. */
export function endOf(status: ContainerStatus): string {
  return lastEnd(status)?.finishedAt ?? String(status.restartCount);
}

/** How crashes are retried: at once after the first, then later and later. One that runs again is not judged by how it ended before. */
export function crashAttempts(status: ContainerStatus): Attempts {
  return { last: endOf(status), within: status.state?.running ? patience.endless : backOff.kubelet };
}

/** It has ended with an error and will be, or is being, started again. */
export function isCrashing(status: ContainerStatus): boolean {
  const ended = lastEnd(status);
  return (
    status.state?.waiting?.reason === "CrashLoopBackOff" ||
    (status.state?.terminated !== undefined && status.state.terminated.exitCode !== 0) ||
    (status.restartCount > 0 && ended !== undefined && ended.exitCode !== 0 && !status.ready)
  );
}
