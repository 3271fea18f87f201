import type { Change } from "../../action/plan.ts";
import type { Json } from "../../canonical.ts";
import type { Place } from "../prove.ts";
import { deletion } from "../prune/plan.ts";
import type { OldData } from "./data.ts";
import type { OldIdentity } from "./identity.ts";
import type { InCluster } from "./observe.ts";

/** What is there of a release, everywhere. */
export interface Remains {
  /** Absent: the cluster itself is gone. */
  readonly inCluster: InCluster | undefined;
  readonly identity: OldIdentity;
  readonly data: OldData;
  readonly dns: { readonly zone: string } | undefined;
  /** Addresses of load balancers that AWS has for the release's Ingress group. */
  readonly balancers: readonly string[];
}

export interface RemovalPlan {
  readonly remains: Remains;
  readonly removeNamespace: boolean;
  readonly changes: readonly Change[];
  /** What stays, each with its reason or cost. */
  readonly kept: readonly string[];
  readonly endState: Json;
}

/** What goes, in the order in which it goes, and what stays. Pure. */
export function planRemoval(place: Place, remains: Remains): RemovalPlan {
  const { inCluster, identity, data, dns, balancers } = remains;
  const changes: Change[] = [];
  const kept: string[] = [];
  const removeNamespace = inCluster?.namespace === "ours" && inCluster.strangers.length === 0;
  if (inCluster?.newest) {
    const { chart, number, status } = inCluster.newest;
    changes.push({
      verb: "delete",
      kind: "release",
      name: `${place.namespace}/${place.release}`,
      from: `${chart.name} ${chart.version}, revision ${number}, ${status}`,
      reason: "it is to be removed, with its load balancer rules",
    });
  }
  for (const name of inCluster?.secrets ?? [])
    changes.push({
      verb: "delete",
      kind: "secret",
      name: `${place.namespace}/${name}`,
      from: "***",
      reason: "we made it for this release",
    });
  if (identity.kind === "own") {
    changes.push(...identity.removal.changes);
    kept.push(...identity.removal.kept);
  } else kept.push(...identity.kept);
  changes.push(...data.own.map((version) => deletion(version, "remove-data is true, and nothing else needs it")));
  if (removeNamespace)
    changes.push({
      verb: "delete",
      kind: "namespace",
      name: place.namespace,
      from: "Active",
      reason: "we made it, and nothing else is in it",
    });
  else if (inCluster && !["absent", "going"].includes(inCluster.namespace)) kept.push(namespaceKept(place, inCluster));
  if (dns) kept.push(`the alias records of the hosts in the zone ${dns.zone}: they point nowhere from now on`);
  if (!inCluster)
    kept.push(
      ...balancers.map((address) => `the load balancer ${address}: its cluster is gone, so no controller deletes it`),
    );
  kept.push(...data.kept);
  return {
    remains,
    removeNamespace,
    changes,
    kept,
    endState: { removed: place.release, namespace: place.namespace, cluster: place.cluster ?? place.context ?? "" },
  };
}

function namespaceKept({ namespace }: Place, { namespace: whose, strangers }: InCluster): string {
  if (whose === "foreign") return `the namespace ${namespace}: we did not make it`;
  const more = strangers.length > 3 ? ` and ${strangers.length - 3} more` : "";
  return `the namespace ${namespace}: ${strangers.slice(0, 3).join(", ")}${more} lie in it`;
}
