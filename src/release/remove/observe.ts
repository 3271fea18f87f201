import type { Cluster } from "../../cluster/cluster.ts";
import { ingresses, namespaces, secrets } from "../../cluster/resources.ts";
import { type ManifestObject, parseManifest } from "../../deploy/manifest.ts";
import { type Revision, readRevisions } from "../../deploy/release.ts";
import { releaseOwner } from "../../facts/owner.ts";
import type { Place } from "../prove.ts";
import { addressesIn } from "./balancer.ts";
import { isGoing, isOurs, madeByUs, strangersIn } from "./namespace.ts";

/** What is there of a release in its cluster. */
export interface InCluster {
  /** The newest; absent: nothing is installed. */
  readonly newest: Revision | undefined;
  readonly released: readonly ManifestObject[];
  /** Of the release, also those that are deleted and wait for the load balancer controller. */
  readonly ingresses: readonly string[];
  readonly addresses: readonly string[];
  /** Names of Secrets that we made for it. */
  readonly secrets: readonly string[];
  /** `going`: deleted already, with all that is in it. */
  readonly namespace: "absent" | "ours" | "foreign" | "going";
  /** What else lies in the namespace. */
  readonly strangers: readonly string[];
}

/** Reads the release, our Secrets and the namespace. */
export async function observeCluster(place: Place, cluster: Cluster): Promise<InCluster> {
  const { namespace, release, environment } = place;
  const owner = releaseOwner(release, environment);
  const found = await cluster.get(namespaces, namespace);
  const nothing = { newest: undefined, released: [], ingresses: [], addresses: [], secrets: [], strangers: [] };
  if (!found) return { ...nothing, namespace: "absent" };
  // Nothing can be written there any more, and nothing needs to be: Kubernetes deletes what is left.
  if (found.metadata.deletionTimestamp) {
    const left = (await cluster.list(ingresses, { namespace })).filter((ingress) => isGoing(ingress, release));
    return {
      ...nothing,
      namespace: "going",
      ingresses: left.map(({ metadata }) => metadata.name),
      addresses: [...new Set(left.flatMap(addressesIn))],
    };
  }
  const [revisions, own, all] = await Promise.all([
    readRevisions(cluster, place),
    cluster.list(secrets, { namespace }),
    cluster.list(ingresses, { namespace }),
  ]);
  const newest = revisions.at(-1);
  const released = newest ? parseManifest(newest.manifest, namespace) : [];
  const names = released.filter(({ kind }) => kind === "Ingress").map(({ metadata }) => metadata.name);
  const live = all.filter((ingress) => names.includes(ingress.metadata.name) || isGoing(ingress, release));
  return {
    newest,
    released,
    ingresses: [...new Set([...names, ...live.map(({ metadata }) => metadata.name)])],
    addresses: [...new Set(live.flatMap(addressesIn))],
    secrets: own.filter((secret) => isOurs(secret, owner)).map(({ metadata }) => metadata.name),
    namespace: madeByUs(found) ? "ours" : "foreign",
    strangers: await strangersIn(cluster, place, owner, released),
  };
}
