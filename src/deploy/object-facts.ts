import type { Context } from "../action/context.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { resourceOf } from "../cluster/resources.ts";
import type { ObjectFacts } from "./checks/objects.ts";
import { readTwins, unlessForbidden } from "./live.ts";
import { type ManifestObject, nameOf } from "./manifest.ts";
import type { ReleasePlace } from "./release.ts";

const otherWorkloads: ReadonlySet<string> = new Set(["StatefulSet", "DaemonSet", "Job", "ReplicaSet", "Pod"]);

/** Whether what the release would make anew is in the way already, and whether the cluster knows it at all. */
export async function objectFacts(
  cluster: Cluster,
  { release, namespace }: ReleasePlace,
  wanted: readonly ManifestObject[],
  released: readonly ManifestObject[],
  ctx: Context,
): Promise<ObjectFacts> {
  const known = new Set(released.map(nameOf));
  const fresh = wanted.filter((object) => !known.has(nameOf(object)));
  const [twins, unknownKinds] = await Promise.all([readTwins(cluster, fresh, ctx), kindsUnknown(cluster, fresh)]);
  const foreign = fresh.filter((object) => {
    const twin = twins.get(nameOf(object));
    return (
      twin !== undefined && twin !== "unknown" && !isOwn(twin as unknown as ManifestObject, { release, namespace })
    );
  });
  const unwatched = wanted.filter(({ kind }) => otherWorkloads.has(kind));
  return { release, namespace, foreign, unknownKinds, unwatched };
}

/** As helm itself judges it (`checkOwnership`): one label and two annotations. */
function isOwn({ metadata }: ManifestObject, { release, namespace }: ReleasePlace): boolean {
  const { labels = {}, annotations = {} } = metadata;
  return (
    labels["app.kubernetes.io/managed-by"] === "Helm" &&
    annotations["meta.helm.sh/release-name"] === release &&
    annotations["meta.helm.sh/release-namespace"] === namespace
  );
}

/** Kinds outside of Kubernetes' own that the API server does not serve. */
async function kindsUnknown(cluster: Cluster, objects: readonly ManifestObject[]): Promise<readonly string[]> {
  const custom = objects.filter(({ apiVersion, kind }) => !resourceOf(apiVersion, kind) && apiVersion.includes("."));
  const versions = [...new Set(custom.map(({ apiVersion }) => apiVersion))];
  const served = new Map(
    await Promise.all(
      versions.map(async (version) => [version, await unlessForbidden(kindsOf(cluster, version))] as const),
    ),
  );
  const missing = custom.filter(({ apiVersion, kind }) => !served.get(apiVersion)?.includes(kind));
  return [...new Set(missing.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`))];
}

interface ResourceList {
  readonly resources?: readonly { readonly kind: string }[];
}

async function kindsOf(cluster: Cluster, version: string): Promise<readonly string[]> {
  const target = `/apis/${version}`;
  const { resources = [] } = await cluster.request<ResourceList>({ method: "GET", target }, `asking for ${version}`);
  return resources.map(({ kind }) => kind);
}
