import type { Cluster } from "../cluster/cluster.ts";
import type { Lease } from "../cluster/objects.ts";
import { leases } from "../cluster/resources.ts";

/** How long a Lease lasts unrenewed: a holder that was killed keeps others waiting for so long. */
export const leaseSeconds = 60;

/** The Lease that a run holds while it works on a release. */
export function leaseName(release: string): string {
  return `eks-deploy-${release}`;
}

/** Who holds the Lease now: the run's URL; `undefined` when it is free or ran out. */
export function holderOf(lease: Lease | undefined, now: number): string | undefined {
  const { holderIdentity, renewTime, leaseDurationSeconds = leaseSeconds } = lease?.spec ?? {};
  if (!holderIdentity) return undefined;
  return now < Date.parse(renewTime ?? "") + leaseDurationSeconds * 1_000 ? holderIdentity : undefined;
}

/** The run that works on the release at the moment `now` (ms since the epoch). */
export async function releaseHolder(
  cluster: Cluster,
  place: { readonly release: string; readonly namespace: string },
  now: number,
): Promise<string | undefined> {
  return holderOf(await cluster.get(leases, leaseName(place.release), place.namespace), now);
}
