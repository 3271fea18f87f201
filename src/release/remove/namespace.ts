import { type Cluster, fieldManager } from "../../cluster/cluster.ts";
import type { KubeObject, Secret } from "../../cluster/objects.ts";
import {
  daemonSets,
  deployments,
  ingresses,
  leases,
  pods,
  type Resource,
  replicaSets,
  resourceOf,
  secrets,
  serviceAccounts,
  services,
  statefulSets,
} from "../../cluster/resources.ts";
import { type ManifestObject, nameOf } from "../../deploy/manifest.ts";
import { ownerTag } from "../../facts/owner.ts";
import { leaseName } from "../../facts/release-lease.ts";

const managedBy = "app.kubernetes.io/managed-by";

/** Kinds by which a namespace is in use. */
const kinds: readonly Resource[] = [
  deployments,
  statefulSets,
  daemonSets,
  replicaSets,
  pods,
  services,
  ingresses,
  secrets,
  serviceAccounts,
  leases,
  resourceOf("v1", "ConfigMap")!,
  resourceOf("v1", "PersistentVolumeClaim")!,
];

/** Whether we made an object for this release. */
export function isOurs({ metadata }: KubeObject, owner: string): boolean {
  return metadata.labels?.[managedBy] === fieldManager && metadata.annotations?.[ownerTag] === owner;
}

/** Whether we made the namespace. Several releases of ours may share it, so it carries no owner. */
export function madeByUs({ metadata }: KubeObject): boolean {
  return metadata.labels?.[managedBy] === fieldManager;
}

/** Of the release, deleted already, and held by a finalizer: a run that was cut off after `helm uninstall` left it to the controller. */
export function isGoing({ metadata }: KubeObject, release: string): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.labels?.["app.kubernetes.io/instance"] === release;
}

/** What lies in the namespace beside the release, its Secrets and what Kubernetes itself puts there, as `Kind name`. */
export async function strangersIn(
  cluster: Cluster,
  place: { readonly namespace: string; readonly release: string },
  owner: string,
  released: readonly ManifestObject[],
): Promise<readonly string[]> {
  const own = new Set(released.map(nameOf));
  const lists = await Promise.all(kinds.map((kind) => cluster.list(kind, { namespace: place.namespace })));
  return lists
    .flat()
    .filter((object) => !own.has(nameOf(object)) && !isOurs(object, owner) && !isPartOf(object, place.release))
    .map(nameOf);
}

/** Children of other objects go with them; the rest is helm's, the Lease's, or in every namespace. */
function isPartOf(object: KubeObject, release: string): boolean {
  const { kind, metadata } = object;
  if ((metadata.ownerReferences ?? []).length > 0 || isGoing(object, release)) return true;
  if (kind === "Lease") return metadata.name === leaseName(release);
  if (kind === "ServiceAccount") return metadata.name === "default";
  if (kind === "ConfigMap") return metadata.name === "kube-root-ca.crt";
  if (kind !== "Secret") return false;
  const { type } = object as Secret;
  const ofHelm = type === "helm.sh/release.v1" && metadata.labels?.["name"] === release;
  return ofHelm || type === "kubernetes.io/service-account-token";
}
