import type { Revision } from "./release.ts";

/** What a release's history says about the next step. */
export type ReleaseState =
  /** Nothing is there: install. */
  | { readonly kind: "absent" }
  /** A revision is deployed: upgrade. `failedSince`: attempts after it that failed. */
  | { readonly kind: "deployed"; readonly live: Revision; readonly newest: Revision }
  /** Every revision failed: an upgrade of it works as an install does. */
  | { readonly kind: "failed-install"; readonly newest: Revision }
  /** An operation is under way, or was killed; `good` is the last revision that was once deployed, for a rollback the one that it was going to. */
  | {
      readonly kind: "pending";
      readonly operation: "install" | "upgrade" | "rollback" | "uninstall";
      readonly newest: Revision;
      readonly good: Revision | undefined;
    };

/** Reads the state from the revisions; pure. */
export function stateOf(revisions: readonly Revision[]): ReleaseState {
  const newest = revisions.at(-1);
  if (!newest || newest.status === "uninstalled") return { kind: "absent" };
  const good = lastGood(revisions);
  switch (newest.status) {
    case "pending-install":
      return { kind: "pending", operation: "install", newest, good };
    case "pending-upgrade":
      return { kind: "pending", operation: "upgrade", newest, good };
    case "pending-rollback":
      return { kind: "pending", operation: "rollback", newest, good: whereTo(newest, revisions) ?? good };
    case "uninstalling":
      return { kind: "pending", operation: "uninstall", newest, good };
    default:
      return good ? { kind: "deployed", live: good, newest } : { kind: "failed-install", newest };
  }
}

/** The newest revision that is deployed, else the newest that once was. */
export function lastGood(revisions: readonly Revision[]): Revision | undefined {
  return (
    revisions.findLast((revision) => revision.status === "deployed") ??
    revisions.findLast((revision) => revision.status === "superseded")
  );
}

const mark = /^eks-deploy content ([0-9a-f]{64})\b/;

/** What `helm upgrade --description` is given: it alone is not inherited by a later upgrade by hand, as labels are. */
export function descriptionOf(content: string): string {
  return `eks-deploy content ${content}`;
}

/** The content (digest of chart and values) of a revision that we made, also when it is a rollback to one; `undefined` for any other. */
export function contentOf(revision: Revision, revisions: readonly Revision[]): string | undefined {
  let current: Revision | undefined = revision;
  for (let steps = 0; current && steps <= revisions.length; steps += 1) {
    const own = mark.exec(current.description)?.[1];
    if (own) return own;
    const target: number | undefined = rollbackTarget(current);
    current = revisions.find((other) => other.number === target && other.number < current!.number);
  }
  return undefined;
}

/** The revision whose content a rollback brings back, as helm notes it; `undefined` for any other revision. */
export function rollbackTarget(revision: Revision): number | undefined {
  const target = /^Rollback to (\d+)$/.exec(revision.description)?.[1];
  return target === undefined ? undefined : Number(target);
}

/** The revision that a rollback goes to; `undefined` where helm no longer keeps it. */
function whereTo(rollback: Revision, revisions: readonly Revision[]): Revision | undefined {
  const target = rollbackTarget(rollback);
  return revisions.find((revision) => revision.number === target);
}

/** How a pending revision is to be cleared before anything else can happen. */
export type Recovery =
  | { readonly kind: "none" }
  /** Someone is at work: wait. */
  | { readonly kind: "wait"; readonly until: number }
  | { readonly kind: "rollback"; readonly to: number }
  | { readonly kind: "uninstall" };

/** Whether a pending operation is that of a run that announced the revision `announced`: it makes that one, or undoes it with the next. No clock is asked. */
export function isOf(announced: number | undefined, revision: number): boolean {
  return announced !== undefined && (revision === announced || revision === announced + 1);
}

/** An operation of someone else counts as alive for this long after helm last wrote: longer than helm's own default timeout of 5 minutes. */
export const aliveFor = 10 * 60_000;

/**
 * What clears a lock. Ours (a run announced it that has since lost its Lease) is stale at once; a stranger's when it is old.
 * A pending first install is uninstalled only where no good revision exists; a rollback that was cut off is done again, to where it was going.
 */
export function recoveryOf(state: ReleaseState, ours: boolean, now: number): Recovery {
  if (state.kind !== "pending") return { kind: "none" };
  if (!ours && now < state.newest.updatedAt + aliveFor)
    return { kind: "wait", until: state.newest.updatedAt + aliveFor };
  if (state.operation === "uninstall") return { kind: "uninstall" };
  return state.good ? { kind: "rollback", to: state.good.number } : { kind: "uninstall" };
}
