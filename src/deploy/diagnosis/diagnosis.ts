import type { KubeObject } from "../../cluster/objects.ts";
import type { Snapshot } from "../snapshot.ts";

/** What is wrong with one object, and what mends it. */
export interface Diagnosis {
  /** `Pod inference-point-7d9c-x2x`. */
  readonly object: string;
  /** Stable, from the room's catalogue. */
  readonly code: string;
  /** One sentence. */
  readonly cause: string;
  /** The line that shows it: an event, a status, a log line; redacted. */
  readonly evidence: string;
  /** The exact command or line where there is one. */
  readonly remedy: string;
  /** How long it must last before waiting longer is pointless, ms; `Infinity`: it may heal, only the timeout ends it. */
  readonly patience: number;
  /** Set where Kubernetes tries again by itself, but not soon. */
  readonly attempts?: Attempts;
}

/**
 * Tells whether something was tried again, and failed again. Whoever repairs a cause outside of the cluster (a policy, a key, a missing file) and runs again
 * finds pods that still wait in the back-off of their last failure: that failure says nothing about now, the next one does.
 */
export interface Attempts {
  /** Names the last attempt that failed; another one has another mark. Empty where nothing tells. */
  readonly last: string;
  /** The next is made within so many ms of the one before. */
  readonly within: number;
}

/** A family of rules: looks at a snapshot and the Deployments of the release. */
export type Rule = (snapshot: Snapshot, scope: DiagnosisScope) => readonly Diagnosis[];

/** What belongs to the release, and what is known about it. */
export interface DiagnosisScope {
  /** Names of the Deployments that the release wants. */
  readonly deployments: readonly string[];
  readonly ingresses: readonly string[];
  readonly release: string;
}

/** Durations that rules share, in ms. */
export const patience = {
  /** Nothing that waiting mends. */
  none: 0,
  /** Could be a race that the next look has settled. */
  short: 20_000,
  /** Retried by Kubernetes itself; a second failure shows that it stays. */
  usual: 45_000,
  long: 180_000,
  endless: Number.POSITIVE_INFINITY,
} as const;

/** The longest waits between two attempts, ms, with a little more for the attempt itself. */
export const backOff = {
  /** Restarts of a container, and pulls of its image: 5 min (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy). */
  kubelet: 330_000,
  /** A controller's work queue: 1,000 s (`DefaultControllerRateLimiter` of client-go). */
  controller: 1_030_000,
} as const;

/** An object with the model that it belongs to, if any: `point (Pod inference-point-7d9c-x2x)`. `models`: by name of the Deployment. */
export function subjectOf(object: string, models: Readonly<Record<string, string>>): string {
  const name = object.split(" ").at(-1) ?? "";
  const owners = Object.keys(models).filter((deployment) => `${name}-`.startsWith(`${deployment}-`));
  const owner = owners.toSorted((a, b) => b.length - a.length)[0];
  return owner === undefined || models[owner] === name ? object : `${models[owner]} (${object})`;
}

export function named(object: KubeObject, kind: string): string {
  return `${kind} ${object.metadata.name}`;
}
