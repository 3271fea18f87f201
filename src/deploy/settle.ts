import type { Context } from "../action/context.ts";
import { connectAws } from "../aws/session.ts";
import { connectCluster } from "../cluster/connect.ts";
import { leases } from "../cluster/resources.ts";
import { UserError } from "../errors.ts";
import { leaseName } from "../facts/release-lease.ts";
import { findHelm } from "../helm/find.ts";
import { type ApplyMeans, type BegunRevision, clearLock, rollbackTo, uninstall } from "./apply.ts";
import { rollbackTarget, stateOf } from "./history.ts";
import { isHeldBy, letGo } from "./lease.ts";
import type { Deployment } from "./open.ts";
import { type Revision, readRevisions } from "./release.ts";
import { tellNotRestored } from "./replaced.ts";

/** What the post step must know of a run that was cut off; no secret is in it. */
interface RememberedRun {
  readonly cluster: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly awsRegion: string | undefined;
  readonly awsAccountId: string | undefined;
  readonly roleToAssume: string | undefined;
  readonly release: string;
  readonly namespace: string;
  readonly helmVersion: string;
  readonly onCancel: "leave" | "rollback";
  /** Absent: helm had not begun to write. */
  readonly began: Deployment["began"];
  /** Names of Secrets that were written over; their earlier values are not remembered. */
  readonly secrets: readonly string[];
  readonly leaseToken: string;
}

const key = "run";

/** Leaves what the post step needs, should this process be killed. */
export function rememberRun(deployment: Deployment, ctx: Context): void {
  const { inputs, lease } = deployment;
  const run: RememberedRun = {
    cluster: inputs.cluster,
    kubeconfig: inputs.kubeconfig,
    context: inputs.context,
    awsRegion: inputs.awsRegion,
    awsAccountId: inputs.awsAccountId,
    roleToAssume: inputs.roleToAssume,
    release: inputs.release,
    namespace: inputs.namespace,
    helmVersion: inputs.helmVersion,
    onCancel: inputs.onCancel,
    began: deployment.began,
    secrets: (deployment.replaced?.secrets ?? []).map(({ wanted }) => wanted.name),
    leaseToken: lease?.token ?? "",
  };
  ctx.remember(key, JSON.stringify(run));
}

/**
 * The post step of a run that was cut off: if the release is still ours, clears the lock that helm left, finishes a rollback where `on-cancel` asks for one, and
 * gives the Lease up. What another run has taken is left alone.
 */
export async function settleRun(remembered: Readonly<Record<string, string>>, ctx: Context): Promise<void> {
  const text = remembered[key];
  if (!text) return;
  const run = parse(text);
  const aws = () => connectAws({ region: run.awsRegion, accountId: run.awsAccountId, role: run.roleToAssume }, ctx);
  const cluster = await connectCluster(run, { ctx, aws });
  try {
    const lease = await cluster.get(leases, leaseName(run.release), run.namespace);
    if (!isHeldBy(lease, run.leaseToken)) {
      ctx.log.info("The Lease is not ours any more; nothing is left to settle");
      return;
    }
    const means: ApplyMeans = {
      cluster,
      helm: await findHelm(run.helmVersion, ctx),
      content: { chart: "", values: "" },
      release: run.release,
      namespace: run.namespace,
      owner: "",
      accept: [],
      lockTimeout: 0,
    };
    await finish(run, means, ctx);
    if (await letGo(cluster, run, run.leaseToken)) ctx.log.info("Gave the Lease of the interrupted run up");
  } finally {
    cluster.close();
  }
}

async function finish(run: RememberedRun, means: ApplyMeans, ctx: Context): Promise<void> {
  // Before helm began, what is pending is someone else's.
  if (!run.began) return;
  await clearLock(means, run.began.made, ctx);
  if (run.onCancel === "rollback") await undoRevision(run.began, means, ctx);
  const state = stateOf(await readRevisions(means.cluster, run));
  if (state.kind === "deployed" && isUndone(state.newest, run.began.before))
    tellNotRestored(run.secrets, "the run that knew the earlier one was cut off.", ctx);
}

async function undoRevision({ before, made }: BegunRevision, means: ApplyMeans, ctx: Context): Promise<void> {
  const state = stateOf(await readRevisions(means.cluster, means));
  if (state.kind === "absent" || (state.kind === "deployed" && isUndone(state.newest, before))) return;
  // One newer revision may be our own rollback; more are someone else's.
  if (state.newest.number > made + 1) return;
  if (before > 0) await rollbackTo(means, before, ctx);
  else await uninstall(means, ctx);
  ctx.log.info(before > 0 ? `Rolled back to revision ${before}` : "Undid the first install");
}

/** The revision before is live, by itself or as the content of a rollback. */
function isUndone(newest: Revision, before: number): boolean {
  return newest.number === before || (newest.status === "deployed" && rollbackTarget(newest) === before);
}

function parse(text: string): RememberedRun {
  try {
    return JSON.parse(text) as RememberedRun;
  } catch (cause) {
    throw new UserError("DEPLOY_LOCKED", {
      happened: "The state that the interrupted run left cannot be read.",
      next: "Its Lease runs out by itself within a minute; run again then.",
      cause,
    });
  }
}
