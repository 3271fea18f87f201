import type { Condition, Container, ContainerStatus, Pod } from "../types.ts";
import { withCondition } from "./conditions.ts";

/** A container that has not run yet. */
export function waitingStatus(container: Container, reason: string): ContainerStatus {
  return {
    name: container.name,
    state: { waiting: { reason } },
    lastState: {},
    ready: false,
    started: false,
    restartCount: 0,
    image: container.image,
    imageID: "",
  };
}

/** The kubelet's conditions, as they follow from the containers' states. */
export function podConditions(pod: Pod, now: number): Condition[] {
  const { initContainerStatuses: init = [], containerStatuses: main = [] } = pod.status;
  const names = (list: readonly ContainerStatus[]) => `[${list.map(({ name }) => name).join(" ")}]`;
  const incomplete = init.filter(({ state }) => state.terminated?.exitCode !== 0);
  const unready = main.filter(({ ready }) => !ready);
  const networked = pod.status.podIP !== undefined;
  let conditions = withCondition(
    pod.status.conditions,
    { type: "PodReadyToStartContainers", status: networked ? "True" : "False" },
    now,
  );
  conditions = withCondition(
    conditions,
    incomplete.length === 0
      ? { type: "Initialized", status: "True" }
      : {
          type: "Initialized",
          status: "False",
          reason: "ContainersNotInitialized",
          message: `containers with incomplete status: ${names(incomplete)}`,
        },
    now,
  );
  for (const type of ["Ready", "ContainersReady"]) {
    conditions = withCondition(
      conditions,
      unready.length === 0
        ? { type, status: "True" }
        : {
            type,
            status: "False",
            reason: "ContainersNotReady",
            message: `containers with unready status: ${names(unready)}`,
          },
      now,
    );
  }
  return conditions;
}
