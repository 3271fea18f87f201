import type { Context } from "../action/context.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { fieldManager } from "../cluster/cluster.ts";
import { ApiFailure } from "../cluster/failures.ts";
import { helmEnvironment } from "../cluster/helm-environment.ts";
import { deployments, namespaces, secrets } from "../cluster/resources.ts";
import { RemoteError, UserError } from "../errors.ts";
import type { Helm } from "../helm/find.ts";
import { helmFailure, runHelm } from "../helm/run.ts";
import { atLeast } from "../helm/version.ts";
import { refusedByAdmission } from "./diagnosis/admission.ts";
import { contentOf, descriptionOf, isOf, lastGood, recoveryOf, stateOf } from "./history.ts";
import type { HeldLease } from "./lease.ts";
import type { ReleasePlan } from "./plan.ts";
import { type ReleasePlace, type Revision, readRevisions } from "./release.ts";
import type { HelmContent } from "./render.ts";
import type { Replaced } from "./replaced.ts";
import { readTemplates, restartDeployments } from "./restart.ts";
import { applySecret } from "./secrets.ts";

/** What carrying out needs. */
export interface ApplyMeans extends ReleasePlace {
  readonly cluster: Cluster;
  readonly helm: Helm;
  readonly content: HelmContent;
  readonly owner: string;
  readonly accept: readonly string[];
  /** How long to wait for an operation of someone else, ms. */
  readonly lockTimeout: number;
}

/** The revision that a run makes or goes on with, and what was there before it. */
export interface BegunRevision {
  /** Live until then; 0: nothing was. */
  readonly before: number;
  /** Number of the run's own revision: what is newer is someone else's. */
  readonly made: number;
}

/** Who hears what a run is about to do, before it does it: from then on there is something to undo. */
export interface Progress {
  /** Helm writes next, or an earlier run's rollout is gone on with. */
  readonly began: (begun: BegunRevision) => void;
  readonly replaced: (replaced: Replaced) => void;
}

/** Revisions that helm keeps: enough to find the last proven one. */
const historyMax = 10;
/** Hooks only; nothing else is waited for here. */
const hookTimeout = "10m";

/** Makes the namespace. Someone who was quicker is fine. */
export async function createNamespace(cluster: Cluster, name: string): Promise<void> {
  const labels = { "app.kubernetes.io/managed-by": fieldManager };
  await cluster.create(namespaces, { metadata: { name, labels } }).catch((thrown: unknown) => {
    if (!(thrown instanceof ApiFailure && thrown.reason === "AlreadyExists")) throw thrown;
  });
}

/**
 * Carries the plan out under the Lease: clears a lock that was left behind, writes Secrets, lets old pods go where that was planned, upgrades, restarts
 * what reads a changed Secret. Gives the revision that is then live. Interrupted anywhere, running again goes on.
 */
export async function applyRelease(
  plan: ReleasePlan,
  means: ApplyMeans,
  lease: HeldLease,
  ctx: Context,
  progress: Progress,
): Promise<number> {
  const cluster = means.cluster.within(ctx);
  await clearLock(means, lease.takenOverFrom?.announced, ctx, lease.announce);
  const templates = await readTemplates(cluster, means.namespace);
  let replaced: Replaced = { secrets: [], restarted: [], templates };
  const replace = (more: Partial<Replaced>) => {
    replaced = { ...replaced, ...more };
    progress.replaced(replaced);
  };
  for (const wanted of plan.writeSecrets) {
    const before = await cluster.get(secrets, wanted.name, means.namespace);
    if (before) replace({ secrets: [...replaced.secrets, { wanted, before }] });
    await applySecret(cluster, means, wanted, means.accept.includes("DEPLOY_SECRET_FOREIGN"));
    ctx.log.info(`Wrote the Secret ${wanted.name}`);
  }
  if (plan.upgrade && !(await isAlready(plan, means, cluster))) {
    const revisions = await readRevisions(cluster, means);
    // A live revision that never got healthy is nothing to go back to, where there is another.
    const before = plan.unfinished?.before || (lastGood(revisions)?.number ?? 0);
    const made = (revisions.at(-1)?.number ?? 0) + 1;
    progress.began({ before, made });
    await lease.announce(made);
    await makeRoom(means, plan.recreate, ctx);
    await upgrade(plan, means, ctx);
  } else if (!plan.upgrade && plan.unfinished?.before !== undefined) {
    const made = ownRevision(plan, await readRevisions(cluster, means));
    progress.began({ before: plan.unfinished.before, made });
    ctx.log.info(`Goes on with the rollout that an earlier run left: ${plan.unfinished.deployments.join(", ")}`);
  }
  await restartDeployments(plan.restarts, templates, means.namespace, cluster, ctx, (name) =>
    replace({ restarted: [...replaced.restarted, name] }),
  );
  return ownRevision(plan, await readRevisions(cluster, means));
}

/** The newest revision with the wanted content: one that is newer still is someone else's, and the watch will say so. */
function ownRevision(plan: ReleasePlan, revisions: readonly Revision[]): number {
  const own = revisions.findLast((item) =>
    item.status === "deployed" || item.status === "superseded" ? contentOf(item, revisions) === plan.content : false,
  );
  return (own ?? revisions.at(-1))?.number ?? 0;
}

/** Lets the pods of these Deployments go, so that others find their GPUs; helm makes the Deployments anew. */
export async function makeRoom(means: ApplyMeans, names: readonly string[], ctx: Context): Promise<void> {
  const cluster = means.cluster.within(ctx);
  for (const name of names) {
    await cluster.delete(deployments, { name, namespace: means.namespace });
    ctx.log.info(`${name} goes first, so that its GPUs are free for what follows`);
  }
}

/** Whoever held the Lease before us may have released the very same; drift is mended in any case. */
async function isAlready(plan: ReleasePlan, means: ApplyMeans, cluster: Cluster): Promise<boolean> {
  if (plan.drift.length > 0 || plan.recreate.length > 0) return false;
  const revisions = await readRevisions(cluster, means);
  const newest = revisions.at(-1);
  return newest?.status === "deployed" && contentOf(newest, revisions) === plan.content;
}

/** An operation that is alive is waited for, one that was left behind is undone in the way that fits its kind. `announced`: what a run announced that was cut off; `announce` tells who comes after us. */
export async function clearLock(
  means: ApplyMeans,
  announced: number | undefined,
  ctx: Context,
  announce?: HeldLease["announce"],
): Promise<void> {
  const cluster = means.cluster.within(ctx);
  const deadline = ctx.clock.now() + means.lockTimeout;
  for (;;) {
    const now = ctx.clock.now();
    const state = stateOf(await readRevisions(cluster, means));
    const ours = state.kind === "pending" && isOf(announced, state.newest.number);
    const recovery = recoveryOf(state, ours, now);
    if (recovery.kind === "none" || state.kind !== "pending") return;
    if (recovery.kind === "wait") {
      if (now >= deadline) throw pending(means, state.operation, state.newest.updatedAt);
      ctx.log.info(`helm ${state.operation} of revision ${state.newest.number} is under way; waiting for it`);
      await ctx.clock.sleep(Math.min(10_000, deadline - now, recovery.until - now + 1_000), ctx.signal);
      continue;
    }
    ctx.log.info(`Revision ${state.newest.number} was left ${state.newest.status}; ${describe(recovery)}`);
    await announce?.(state.newest.number);
    if (recovery.kind === "rollback") await rollbackTo(means, recovery.to, ctx);
    else await uninstall(means, ctx);
    return;
  }
}

function describe(
  recovery: { readonly kind: "rollback"; readonly to: number } | { readonly kind: "uninstall" },
): string {
  return recovery.kind === "rollback"
    ? `rolling back to revision ${recovery.to} clears it`
    : "no good revision exists: it is uninstalled";
}

function pending(means: ApplyMeans, operation: string, since: number): UserError {
  return new UserError("DEPLOY_OPERATION_PENDING", {
    happened: `A helm ${operation} of ${means.release} in ${means.namespace} is under way since ${new Date(since).toISOString()}, and was not started by eks-deploy.`,
    next: `Wait for it. If it was killed, run again ten minutes after it began, or clear it: helm rollback ${means.release} -n ${means.namespace}`,
  });
}

/** `helm upgrade --install` without any waiting flag: the watch is ours. */
async function upgrade(plan: ReleasePlan, means: ApplyMeans, ctx: Context): Promise<void> {
  const args = [
    "upgrade",
    means.release,
    means.content.chart,
    "--install",
    "--namespace",
    means.namespace,
    "--values",
    means.content.values,
    "--description",
    descriptionOf(plan.content),
    "--history-max",
    String(historyMax),
    "--timeout",
    hookTimeout,
    ...(atLeast(means.helm.version, 3, 13) ? ["--labels", `eks-deploy.run=${labelText(ctx.ambient.run.id)}`] : []),
  ];
  await helmWrite(means, args, `releasing ${means.release}`, ctx);
  ctx.log.info(
    `helm has applied ${plan.state.kind === "absent" ? "the first revision" : "a new revision"} of ${means.release}`,
  );
}

function labelText(text: string): string {
  return (
    text
      .replaceAll(/[^A-Za-z0-9_.-]/g, "_")
      .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "")
      .slice(0, 63) || "unknown"
  );
}

/** The content of an earlier revision, as a new one. */
export async function rollbackTo(means: ApplyMeans, revision: number, ctx: Context): Promise<void> {
  const args = [
    "rollback",
    means.release,
    String(revision),
    "--namespace",
    means.namespace,
    "--history-max",
    String(historyMax),
    "--timeout",
    hookTimeout,
  ];
  await helmWrite(means, args, `rolling back to revision ${revision}`, ctx);
}

export async function uninstall(means: ApplyMeans, ctx: Context): Promise<void> {
  await helmWrite(
    means,
    ["uninstall", means.release, "--namespace", means.namespace],
    `uninstalling ${means.release}`,
    ctx,
  );
}

/** A call of helm that writes. Fields of other managers are taken only where that code is accepted. A refusal by the cluster's admission is told by its own name; a quota's passing conflict is tried once more. */
async function helmWrite(means: ApplyMeans, args: readonly string[], doing: string, ctx: Context): Promise<void> {
  const forced =
    means.accept.includes("HELM_APPLY_CONFLICT") && atLeast(means.helm.version, 4, 0) && args[0] !== "uninstall";
  for (let attempt = 1; ; attempt += 1) {
    const env = await helmEnvironment(means.cluster, ctx);
    const result = await runHelm(means.helm, forced ? [...args, "--force-conflicts"] : args, env, ctx);
    if (result.code === 0) return;
    const passing = /Operation cannot be fulfilled on resourcequotas/.test(result.stderr);
    if (passing && attempt === 1) continue;
    const failure = helmFailure(result, doing);
    const refused = refusedByAdmission(result.stderr, means.namespace, { metadata: { name: means.release } });
    if (!refused) throw failure;
    throw new RemoteError(refused.code, {
      happened: `${refused.cause}\n${failure.happened}`,
      next: refused.remedy,
      cause: failure,
    });
  }
}
