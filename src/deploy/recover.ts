import type { Context } from "../action/context.ts";
import { asEksDeployError } from "../errors.ts";
import { type ApplyMeans, type BegunRevision, makeRoom, rollbackTo, uninstall } from "./apply.ts";
import { lastGood, stateOf } from "./history.ts";
import { type Revision, readRevisions } from "./release.ts";
import { type Replaced, restoreSecrets, undoRestarts } from "./replaced.ts";
import { type RolloutTarget, watchRollout } from "./rollout.ts";
import type { RolloutLimits } from "./verdict.ts";

/** What undoing rests on. */
export interface RecoverFacts {
  readonly revisions: readonly Revision[];
  /** The run's own revision and the one before it; `undefined`: helm has written nothing in this run. */
  readonly began: BegunRevision | undefined;
  /** What the run wrote over beside helm; `undefined`: nothing. */
  readonly replaced: Replaced | undefined;
  /** The last revision that passed its smoke test, where a record says so. */
  readonly proven: number | undefined;
  readonly cancelled: boolean;
  readonly superseded: boolean;
  readonly onFailure: "rollback" | "keep";
  readonly onCancel: "leave" | "rollback";
  /** Deployments whose pods went first on the way here: no room for both, so they go first on the way back as well. */
  readonly recreate: readonly string[];
}

export type Undo =
  | { readonly kind: "nothing"; readonly why: string }
  | { readonly kind: "rollback"; readonly to: number }
  /** Helm has made no revision: only Secrets and restarts are taken back. */
  | { readonly kind: "restore" }
  /** A first install that failed. */
  | { readonly kind: "uninstall" };

/**
 * How a failed or cancelled release is undone; pure. The target is the last revision that passed its smoke test, else the one that was live before. Something newer
 * is never rolled back.
 */
export function undoOf(facts: RecoverFacts): Undo {
  const newest = facts.revisions.at(-1);
  const { began } = facts;
  if (facts.superseded || (began && newest && newest.number > began.made))
    return { kind: "nothing", why: "a newer revision is live" };
  // What is pending then is someone else's.
  if (!began || !newest || newest.number === began.before)
    return facts.replaced && isUndoing(facts) ? { kind: "restore" } : { kind: "nothing", why: "no revision was made" };
  const { before } = began;
  if (newest.number === facts.proven && newest.status === "deployed")
    return { kind: "nothing", why: "the live revision passed its smoke test" };
  if (facts.cancelled && facts.onCancel === "leave" && !newest.status.startsWith("pending"))
    return { kind: "nothing", why: "on-cancel is leave" };
  if (!facts.cancelled && facts.onFailure === "keep" && !newest.status.startsWith("pending"))
    return { kind: "nothing", why: "on-failure is keep" };
  const target = targetOf(facts.revisions, before, facts.proven);
  if (target) return { kind: "rollback", to: target.number };
  return before === 0 ? { kind: "uninstall" } : { kind: "nothing", why: "no good revision is kept" };
}

function isUndoing({ cancelled, onCancel, onFailure }: RecoverFacts): boolean {
  return (cancelled ? onCancel : onFailure) === "rollback";
}

function targetOf(revisions: readonly Revision[], before: number, proven: number | undefined): Revision | undefined {
  const usable = revisions.filter(
    (item) => item.number <= before && (item.status === "deployed" || item.status === "superseded"),
  );
  return (
    usable.find((item) => item.number === proven) ?? usable.find((item) => item.number === before) ?? lastGood(usable)
  );
}

/** What undoing came to; the outputs of the action tell it. */
export interface Undone {
  readonly status: "rolled-back" | "rollback-failed" | "failed" | "cancelled" | "superseded";
  readonly revision: number;
  readonly rolledBackTo: number | undefined;
}

/** Carries an undo out and watches it: a rollback that does not get healthy is reported as failed, never as rolled back. */
export async function undo(
  decided: Undo,
  facts: RecoverFacts,
  means: ApplyMeans,
  target: Omit<RolloutTarget, "revision" | "images" | "capacity">,
  limits: RolloutLimits,
  ctx: Context,
): Promise<Undone> {
  const newest = facts.revisions.at(-1)?.number ?? 0;
  const unchanged = facts.superseded ? "superseded" : facts.cancelled ? "cancelled" : "failed";
  if (decided.kind === "nothing") {
    ctx.log.info(`Nothing is rolled back: ${decided.why}${newest > 0 ? `. Revision ${newest} stays as it is` : ""}`);
    return { status: unchanged, revision: newest, rolledBackTo: undefined };
  }
  try {
    await restoreSecrets(facts.replaced, means, ctx);
    if (decided.kind === "uninstall") {
      await uninstall(means, ctx);
      ctx.log.info(`The first install of ${means.release} is undone; nothing of it is left`);
      return { status: "rolled-back", revision: 0, rolledBackTo: undefined };
    }
    const to = decided.kind === "rollback" ? decided.to : newest;
    if (decided.kind === "rollback") {
      await makeRoom(means, facts.recreate, ctx);
      await rollbackTo(means, to, ctx);
    }
    await undoRestarts(facts.replaced, means, ctx);
    const revisions = await readRevisions(means.cluster.within(ctx), means);
    const revision = revisions.at(-1)?.number ?? 0;
    ctx.log.info(
      revision === to
        ? `Put back what revision ${to} ran with; watching it`
        : `Rolled back to revision ${to}, as revision ${revision}; watching it`,
    );
    if (facts.cancelled) return { status: "rolled-back", revision, rolledBackTo: to };
    const rollout = await watchRollout(
      means.cluster,
      { ...target, revision, images: {}, capacity: "as it is" },
      limits,
      ctx,
    );
    if (rollout.verdict.kind === "ready") {
      ctx.log.info(`Revision ${revision} is healthy: what revision ${to} was is live again`);
      return { status: "rolled-back", revision, rolledBackTo: to };
    }
    tellFailedRollback(`revision ${to} does not get healthy again: ${rollout.verdict.kind}`, ctx);
    return { status: "rollback-failed", revision, rolledBackTo: undefined };
  } catch (thrown) {
    const failure = asEksDeployError(thrown);
    tellFailedRollback(failure.happened, ctx);
    const state = stateOf(await readRevisions(means.cluster.within(ctx), means).catch(() => facts.revisions));
    return {
      status: "rollback-failed",
      revision: state.kind === "deployed" ? state.newest.number : newest,
      rolledBackTo: undefined,
    };
  }
}

function tellFailedRollback(what: string, ctx: Context): void {
  ctx.log.finding({
    code: "DEPLOY_ROLLBACK_FAILED",
    level: "error",
    happened: `The rollback failed too: ${what}`,
    next: "The release needs a person: helm history shows its revisions, kubectl get pods their state.",
  });
}
