import type { Context } from "../action/context.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { ApiFailure } from "../cluster/failures.ts";
import type { Deployment, Namespace, Node, Pod, ReplicaSet, Secret } from "../cluster/objects.ts";
import {
  deployments,
  namespaces,
  nodes,
  pathOf,
  pods,
  replicaSets,
  resourceOf,
  secrets,
} from "../cluster/resources.ts";
import { type ManifestObject, nameOf } from "./manifest.ts";
import { type ReleasePlace, type Revision, readRevisions } from "./release.ts";

/** What is there before anything is done. */
export interface Live {
  readonly kubernetes: string;
  readonly namespace: Namespace | undefined;
  readonly revisions: readonly Revision[];
  readonly deployments: readonly Deployment[];
  readonly replicaSets: readonly ReplicaSet[];
  readonly pods: readonly Pod[];
  /** Secrets that were asked for, by name. */
  readonly secrets: Readonly<Record<string, Secret | undefined>>;
  /** Nodes and all pods of the cluster; absent where the caller may not read them. */
  readonly capacity: { readonly nodes: readonly Node[]; readonly pods: readonly Pod[] } | undefined;
}

/** Reads a release and what it stands on, side by side. */
export async function readLive(cluster: Cluster, place: ReleasePlace, secretNames: readonly string[]): Promise<Live> {
  const scope = { namespace: place.namespace };
  const [kubernetes, namespace, revisions, deploymentList, setList, podList, secretList, nodeList, allPods] =
    await Promise.all([
      cluster.version(),
      cluster.get(namespaces, place.namespace),
      readRevisions(cluster, place),
      cluster.list(deployments, scope),
      cluster.list(replicaSets, scope),
      cluster.list(pods, scope),
      Promise.all(secretNames.map((name) => cluster.get(secrets, name, place.namespace))),
      unlessForbidden(cluster.list(nodes)),
      unlessForbidden(cluster.list(pods)),
    ]);
  return {
    kubernetes,
    namespace,
    revisions,
    deployments: deploymentList,
    replicaSets: setList,
    pods: podList,
    secrets: Object.fromEntries(secretNames.map((name, index) => [name, secretList[index]])),
    capacity: nodeList && allPods ? { nodes: nodeList, pods: allPods } : undefined,
  };
}

/** `undefined` where the caller lacks the right: the check that wanted it says `not looked at`. */
export async function unlessForbidden<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (thrown) {
    if (thrown instanceof ApiFailure && (thrown.status === 403 || thrown.status === 404)) return undefined;
    throw thrown;
  }
}

/** The live twin of each rendered object, by `Kind name`; kinds that we do not know are left to helm. */
export async function readTwins(
  cluster: Cluster,
  objects: readonly ManifestObject[],
  ctx: Context,
): Promise<ReadonlyMap<string, Readonly<Record<string, unknown>> | "unknown">> {
  const own = cluster.within(ctx);
  const twins = new Map<string, Readonly<Record<string, unknown>> | "unknown">();
  await Promise.all(
    objects.map(async (object) => {
      const resource = resourceOf(object.apiVersion, object.kind);
      if (!resource) return void twins.set(nameOf(object), "unknown");
      const { name, namespace = "" } = object.metadata;
      const found = await own
        .request<Record<string, unknown>>(
          { method: "GET", target: pathOf(resource, { name, namespace }) },
          `reading ${nameOf(object)}`,
        )
        .catch(absentOrHidden);
      if (found) twins.set(nameOf(object), found);
    }),
  );
  return twins;
}

function absentOrHidden(thrown: unknown): undefined | "unknown" {
  if (thrown instanceof ApiFailure && thrown.status === 404) return undefined;
  if (thrown instanceof ApiFailure && thrown.status === 403) return "unknown";
  throw thrown;
}
