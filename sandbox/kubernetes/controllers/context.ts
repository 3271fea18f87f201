import type { Api, Writer } from "../api.ts";
import type { Store } from "../store.ts";

/** What every controller is given. */
export interface ControllerContext {
  readonly api: Api;
  readonly store: Store;
  now(): number;
  /** Runs after so many milliseconds of a person's time (times the sandbox's pace); never after the cluster has closed. */
  after(milliseconds: number, run: () => void): void;
  /** The same as a promise. It stays pending for ever once the cluster has closed. */
  sleep(milliseconds: number): Promise<void>;
  onDefect(error: unknown): void;
}

/** Reacts to changes of some resources by bringing the whole of its part to where it should be. */
export interface Controller {
  /** Resources whose changes call for a pass. */
  readonly watches: readonly string[];
  /** One pass over everything; it writes only what differs. */
  reconcile(): void;
}

export const deploymentWriter: Writer = {
  user: "system:serviceaccount:kube-system:deployment-controller",
  manager: "kube-controller-manager",
};
export const replicaSetWriter: Writer = {
  user: "system:serviceaccount:kube-system:replicaset-controller",
  manager: "kube-controller-manager",
};
export const managerWriter: Writer = { user: "system:kube-controller-manager", manager: "kube-controller-manager" };
export const schedulerWriter: Writer = { user: "system:kube-scheduler", manager: "kube-scheduler" };
export const balancerWriter: Writer = {
  user: "system:serviceaccount:kube-system:aws-load-balancer-controller",
  manager: "controller",
};
export const endpointsWriter: Writer = {
  user: "system:serviceaccount:kube-system:endpoint-controller",
  manager: "kube-controller-manager",
};
export const sliceWriter: Writer = {
  user: "system:serviceaccount:kube-system:endpointslice-controller",
  manager: "kube-controller-manager",
};
export const garbageWriter: Writer = {
  user: "system:serviceaccount:kube-system:generic-garbage-collector",
  manager: "kube-controller-manager",
};

/** The same writer at the object's status. */
export function atStatus(writer: Writer): Writer {
  return { ...writer, subresource: "status" };
}
