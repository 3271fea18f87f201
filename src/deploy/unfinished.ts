import type { Deployment } from "../cluster/objects.ts";
import { lastGood } from "./history.ts";
import type { Revision } from "./release.ts";
import { restartedAt } from "./restart.ts";

/** A release whose rollout an earlier run began and did not see to its end. */
export interface Unfinished {
  /** Deployments that have never been complete with their current template. */
  readonly deployments: readonly string[];
  /**
   * The revision that was live before the unfinished one; 0: none, it is a first install of which nothing was ever complete. `undefined`: nothing is to be
   * undone, because only pods were being restarted, or because parts of a first install serve.
   */
  readonly before: number | undefined;
}

/**
 * Whether the newest revision was left before it was healthy; pure. A Deployment says itself whether its current template was ever complete
 * (https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#complete-deployment): a pod that fails later, or moves to another node, does not
 * take that back, so a release that once served is never undone for it.
 */
export function unfinishedRollout(
  names: readonly string[],
  deployments: readonly Deployment[],
  revisions: readonly Revision[],
): Unfinished | undefined {
  const own = deployments.filter(({ metadata }) => names.includes(metadata.name));
  const open = own.filter((deployment) => !wasComplete(deployment));
  if (open.length === 0) return undefined;
  const restarting = open.every(({ spec }) => spec.template.metadata?.annotations?.[restartedAt] !== undefined);
  const before = lastGood(revisions.slice(0, -1))?.number ?? 0;
  const nothingToUndo = restarting || (before === 0 && open.length < own.length);
  return { deployments: open.map(({ metadata }) => metadata.name), before: nothingToUndo ? undefined : before };
}

function wasComplete({ metadata, spec, status = {} }: Deployment): boolean {
  const wanted = spec.replicas ?? 1;
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 1)) return false;
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = status;
  if (updatedReplicas === wanted && replicas === wanted && availableReplicas === wanted) return true;
  return status.conditions?.find(({ type }) => type === "Progressing")?.reason === "NewReplicaSetAvailable";
}
