import type { Context } from "../action/context.ts";
import type { Aws } from "../aws/session.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { type ClusterChoice, connectCluster, namesCluster } from "../cluster/connect.ts";
import { ApiFailure } from "../cluster/failures.ts";
import type { Deployment } from "../cluster/objects.ts";
import { deployments } from "../cluster/resources.ts";
import { asEksDeployError, Cancelled, UserError } from "../errors.ts";
import { type Prefix, prefixUri } from "../facts/prefix.ts";
import { placesIn, reaches } from "../facts/prefix-use.ts";

/** Where the live release is. */
export interface LivePlace extends ClusterChoice {
  readonly namespace: string;
}

/**
 * The Deployments of the cluster whose pods read below a prefix, whoever deployed them, as `Deployment <namespace>/<name>`; none where no cluster is named. One that cannot be
 * looked at is `CHECKPOINT_REPLACE_BLIND`: nothing is replaced on a guess.
 */
export async function deploymentsUsing(
  prefix: Prefix,
  place: LivePlace,
  aws: Aws,
  ctx: Context,
): Promise<readonly string[]> {
  if (!namesCluster(place)) return [];
  try {
    const cluster = await connectCluster(place, { ctx, aws: async () => aws });
    try {
      return (await listDeployments(cluster, place.namespace))
        .filter(({ spec }) => placesIn(JSON.stringify(spec), prefix.bucket).some((uri) => reaches(uri, prefix)))
        .map(({ metadata }) => `Deployment ${metadata.namespace}/${metadata.name}`)
        .sort();
    } finally {
      cluster.close();
    }
  } catch (thrown) {
    if (thrown instanceof Cancelled) throw thrown;
    throw blind(prefix, thrown);
  }
}

/** Those of all namespaces, else of the release's own. */
async function listDeployments(cluster: Cluster, namespace: string): Promise<readonly Deployment[]> {
  try {
    return await cluster.list(deployments);
  } catch (thrown) {
    if (!(thrown instanceof ApiFailure) || thrown.status !== 403) throw thrown;
    return cluster.list(deployments, { namespace });
  }
}

function blind(prefix: Prefix, thrown: unknown): UserError {
  const { happened, next } = asEksDeployError(thrown);
  return new UserError("CHECKPOINT_REPLACE_BLIND", {
    happened: `Whether the live release uses ${prefixUri(prefix)} is not known: ${happened} Nothing was written.`,
    next: `${next} Or give the new checkpoint a version of its own (versions), which replaces nothing.`,
    cause: thrown,
  });
}
