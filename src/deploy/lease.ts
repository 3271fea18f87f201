import { randomUUID } from "node:crypto";
import type { Context } from "../action/context.ts";
import { time } from "../action/describe.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { ApiFailure } from "../cluster/failures.ts";
import type { Lease } from "../cluster/objects.ts";
import { leases } from "../cluster/resources.ts";
import { Cancelled, UserError } from "../errors.ts";
import { leaseName, leaseSeconds } from "../facts/release-lease.ts";
import type { ReleasePlace } from "./release.ts";

const renewEvery = 15_000;
const lookEvery = 5_000;
/** A clock of this runner that is further off than this is not a clock; a Lease older by more needs no watching. */
const skew = 5 * 60_000;

/** Tells one run from another of the same URL (two jobs of one workflow run). */
const tokenAnnotation = "eks-deploy/token";

/** The revision that the holder is about to make: should it die, whoever comes after knows what is stale. */
const revisionAnnotation = "eks-deploy/revision";

/** The right to change a release, for as long as it is renewed. */
export interface HeldLease {
  /** Identifies this holding; remembered for the post step. */
  readonly token: string;
  /** The holder before us, if it was cut off, and the revision that it announced: what it left pending is stale. */
  readonly takenOverFrom: { readonly holder: string; readonly announced: number | undefined } | undefined;
  /** Aborts when the Lease was taken from us. */
  readonly lost: AbortSignal;
  /** Writes into the Lease which revision is about to be made. */
  announce(revision: number): Promise<void>;
  /** Stops renewing and gives it up. */
  release(): Promise<void>;
}

/** Whether the Lease is still the holding that `token` names. */
export function isHeldBy(lease: Lease | undefined, token: string): boolean {
  return token !== "" && lease?.metadata.annotations?.[tokenAnnotation] === token;
}

/**
 * Takes the Lease, waiting up to `timeout` ms for another run to let go (`DEPLOY_LOCKED` names it). A dead holder's Lease is taken over when it ran
 * out by this runner's own watching, so that clocks need not agree.
 */
export async function holdLease(
  cluster: Cluster,
  place: ReleasePlace,
  timeout: number,
  ctx: Context,
): Promise<HeldLease> {
  const token = randomUUID();
  const deadline = ctx.clock.now() + timeout;
  const watching = new Watching();
  let told = "";
  for (;;) {
    const now = ctx.clock.now();
    const lease = await cluster.get(leases, leaseName(place.release), place.namespace);
    if (!lease || watching.isFree(lease, now)) {
      const taken = await take(cluster, place, lease, token, ctx);
      if (taken) return held(cluster, place, token, lease, ctx);
      continue;
    }
    const holder = lease.spec?.holderIdentity ?? "someone";
    if (now >= deadline) throw locked(place, holder, lease, timeout);
    if (told !== holder) ctx.log.info(`Waiting for the release ${place.release}, which is held by ${holder}`);
    told = holder;
    await ctx.clock.sleep(Math.min(lookEvery, deadline - now), ctx.signal);
  }
}

/** Sees whether a holder still renews. */
class Watching {
  private seen = "";
  private since = 0;

  isFree(lease: Lease, now: number): boolean {
    const { holderIdentity, renewTime, leaseDurationSeconds = leaseSeconds } = lease.spec ?? {};
    if (!holderIdentity) return true;
    const life = leaseDurationSeconds * 1_000;
    if (now > Date.parse(renewTime ?? "") + life + skew) return true;
    const state = `${holderIdentity} ${renewTime} ${lease.metadata.resourceVersion}`;
    if (state !== this.seen) {
      this.seen = state;
      this.since = now;
    }
    return now - this.since > life;
  }
}

function spec(ctx: Context, before: Lease | undefined): Lease["spec"] {
  const now = new Date(ctx.clock.now()).toISOString().replace("Z", "000Z");
  return {
    holderIdentity: ctx.ambient.run.url,
    leaseDurationSeconds: leaseSeconds,
    acquireTime: now,
    renewTime: now,
    leaseTransitions: (before?.spec?.leaseTransitions ?? -1) + 1,
  };
}

/** `false`: someone else was quicker. */
async function take(
  cluster: Cluster,
  place: ReleasePlace,
  before: Lease | undefined,
  token: string,
  ctx: Context,
): Promise<boolean> {
  const metadata = {
    name: leaseName(place.release),
    namespace: place.namespace,
    annotations: { [tokenAnnotation]: token },
  };
  try {
    if (before) {
      const version = before.metadata.resourceVersion;
      await cluster.replace(leases, {
        ...before,
        metadata: { ...before.metadata, ...metadata, ...(version ? { resourceVersion: version } : {}) },
        spec: spec(ctx, before),
      });
    } else {
      await cluster.create(leases, { metadata, spec: spec(ctx, undefined) });
    }
    return true;
  } catch (thrown) {
    if (thrown instanceof ApiFailure && (thrown.status === 409 || thrown.status === 404)) return false;
    // The request may have arrived, though its answer did not: the next run would wait for nobody.
    await letGo(lastly(cluster, ctx), place, token).catch(() => {});
    throw thrown;
  }
}

/** The cluster for what must still go out when the run's own signal is over. */
function lastly(cluster: Cluster, ctx: Context): Cluster {
  return cluster.within({ ...ctx, signal: AbortSignal.timeout(5_000) });
}

function held(
  cluster: Cluster,
  place: ReleasePlace,
  token: string,
  before: Lease | undefined,
  ctx: Context,
): HeldLease {
  const stop = new AbortController();
  const lost = new AbortController();
  const renewing = renew(cluster.within({ ...ctx, signal: stop.signal }), place, token, stop.signal, ctx).catch(
    (thrown: unknown) => {
      if (!stop.signal.aborted) lost.abort(thrown);
    },
  );
  const holder = before?.spec?.holderIdentity;
  const announced = Number(before?.metadata.annotations?.[revisionAnnotation]) || undefined;
  if (holder) ctx.log.info(`Took the release over from ${holder}, which stopped renewing its Lease`);
  return {
    token,
    takenOverFrom: holder ? { holder, announced } : undefined,
    lost: lost.signal,
    async announce(revision) {
      const annotations = { [revisionAnnotation]: String(revision) };
      const name = leaseName(place.release);
      await cluster.patch(leases, { name, namespace: place.namespace }, { metadata: { annotations } });
    },
    async release() {
      stop.abort();
      await renewing;
      await letGo(lastly(cluster, ctx), place, token);
    },
  };
}

async function renew(
  cluster: Cluster,
  place: ReleasePlace,
  token: string,
  stop: AbortSignal,
  ctx: Context,
): Promise<void> {
  for (;;) {
    await ctx.clock.sleep(renewEvery, stop);
    const lease = await cluster.get(leases, leaseName(place.release), place.namespace);
    if (!lease || !isHeldBy(lease, token)) throw new Cancelled("The Lease was taken by another run.");
    const renewTime = new Date(ctx.clock.now()).toISOString().replace("Z", "000Z");
    await cluster.replace(leases, { ...lease, spec: { ...lease.spec, renewTime } }).catch((thrown: unknown) => {
      // Someone wrote into it in the same moment; whether it is still ours is seen at the next turn.
      if (!(thrown instanceof ApiFailure && thrown.status === 409)) throw thrown;
    });
  }
}

/** Deletes the Lease if it is still the holding that `token` names. */
export async function letGo(cluster: Cluster, place: ReleasePlace, token: string): Promise<boolean> {
  const lease = await cluster.get(leases, leaseName(place.release), place.namespace);
  if (!lease || !isHeldBy(lease, token)) return false;
  const { uid, resourceVersion } = lease.metadata;
  await cluster
    .delete(leases, {
      name: lease.metadata.name,
      namespace: place.namespace,
      ...(uid ? { uid } : {}),
      ...(resourceVersion ? { version: resourceVersion } : {}),
    })
    .catch((thrown: unknown) => {
      if (!(thrown instanceof ApiFailure && thrown.status === 409)) throw thrown;
    });
  return true;
}

function locked(place: ReleasePlace, holder: string, lease: Lease, waited: number): UserError {
  return new UserError("DEPLOY_LOCKED", {
    happened: `The release ${place.release} in ${place.namespace} is held by ${holder} since ${lease.spec?.acquireTime ?? "an unknown time"}, still after ${time(waited)}. Nothing was written.`,
    next: `Wait for that run, or cancel it; then run again. lock-timeout says how long to wait.`,
  });
}
