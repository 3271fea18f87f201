import type { Context } from "../../action/context.ts";
import type { Aws } from "../../aws/session.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { namespaces, secrets } from "../../cluster/resources.ts";
import { uninstall } from "../../deploy/apply.ts";
import { type HeldLease, holdLease } from "../../deploy/lease.ts";
import { releaseOwner } from "../../facts/owner.ts";
import { findHelm } from "../../helm/find.ts";
import { removeIdentity } from "../../irsa/remove.ts";
import type { Place } from "../prove.ts";
import { deleteVersion } from "../prune/delete.ts";
import { ingressesGone } from "./balancer.ts";
import { strangersIn } from "./namespace.ts";
import type { InCluster } from "./observe.ts";
import type { RemovalPlan } from "./plan.ts";

/** What removing works through. */
export interface RemoveMeans {
  readonly place: Place;
  readonly cluster: Cluster | undefined;
  readonly aws: Aws;
  readonly helmVersion: string;
  /** ms */
  readonly lockTimeout: number;
}

/** Takes away in the order of the plan: what uses something goes before what it uses, and the namespace, in which the Lease lies, last. */
export async function applyRemoval(plan: RemovalPlan, means: RemoveMeans, ctx: Context): Promise<void> {
  const { inCluster, identity, data } = plan.remains;
  const { cluster, aws } = means;
  let lease: HeldLease | undefined;
  try {
    if (cluster && inCluster && !["absent", "going"].includes(inCluster.namespace)) {
      lease = await holdLease(cluster.within(ctx), means.place, means.lockTimeout, ctx);
      await removeRelease(inCluster, cluster, means, ctx);
    }
    if (identity.kind === "own") {
      await removeIdentity(identity.removal, identity.identity, { aws, signal: ctx.signal });
      for (const change of identity.removal.changes) ctx.log.info(`Deleted the ${change.kind} ${change.name}`);
    }
    for (const version of data.own) await deleteVersion(version, aws, data.owner, ctx);
  } finally {
    await lease?.release();
  }
  if (plan.removeNamespace && cluster && inCluster) await removeNamespace(inCluster, cluster, means.place, ctx);
}

async function removeRelease(found: InCluster, cluster: Cluster, means: RemoveMeans, ctx: Context): Promise<void> {
  const { namespace, release, environment } = means.place;
  if (found.newest) {
    const helm = await findHelm(means.helmVersion, ctx);
    const owner = releaseOwner(release, environment);
    const content = { chart: "", values: "" };
    await uninstall({ cluster, helm, content, release, namespace, owner, accept: [], lockTimeout: 0 }, ctx);
    ctx.log.info(`Uninstalled ${release}`);
  }
  await ingressesGone(found.ingresses, namespace, cluster.within(ctx), ctx);
  for (const name of found.secrets) {
    await cluster.within(ctx).delete(secrets, { name, namespace });
    ctx.log.info(`Deleted the Secret ${name}`);
  }
}

/** Somebody may have moved in since: it is looked at again. */
async function removeNamespace(found: InCluster, cluster: Cluster, place: Place, ctx: Context): Promise<void> {
  const own = cluster.within(ctx);
  const strangers = await strangersIn(own, place, releaseOwner(place.release, place.environment), found.released);
  if (strangers.length > 0) {
    ctx.log.info(`The namespace ${place.namespace} stays: ${strangers.join(", ")} came into it`);
    return;
  }
  await own.delete(namespaces, { name: place.namespace });
  ctx.log.info(`Deleted the namespace ${place.namespace}`);
}
