import type { Container, ContainerStatus, Deployment, Pod } from "../../cluster/objects.ts";
import { podsOf, type Snapshot } from "../snapshot.ts";
import type { DiagnosisScope } from "./diagnosis.ts";

/** Pods of the current template of each Deployment of the release; an old ReplicaSet's are not looked at. */
export function currentPods(
  snapshot: Snapshot,
  scope: DiagnosisScope,
): readonly { readonly pod: Pod; readonly deployment: Deployment }[] {
  return scope.deployments.flatMap((name) => {
    const deployment = snapshot.deployments.find((item) => item.metadata.name === name);
    if (!deployment) return [];
    return podsOf(snapshot, deployment).current.map((pod) => ({ pod, deployment }));
  });
}

/** A container with its status. */
export interface ContainerView {
  readonly container: Container;
  readonly status: ContainerStatus;
  readonly init: boolean;
}

/** All containers of a pod that have a status, in the order in which they run. */
export function containersOf(pod: Pod): readonly ContainerView[] {
  const view = (init: boolean, containers: readonly Container[], statuses: readonly ContainerStatus[] = []) =>
    containers.flatMap((container) => {
      const status = statuses.find((item) => item.name === container.name);
      return status ? [{ container, status, init }] : [];
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

/** It has ended with an error and will be, or is being, started again. */
export function isCrashing(status: ContainerStatus): boolean {
  const ended = lastEnd(status);
  return (
    status.state?.waiting?.reason === "CrashLoopBackOff" ||
    (status.state?.terminated !== undefined && status.state.terminated.exitCode !== 0) ||
    (status.restartCount > 0 && ended !== undefined && ended.exitCode !== 0 && !status.ready)
  );
}
