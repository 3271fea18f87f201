import type { Context } from "../action/context.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { connectCluster } from "../cluster/connect.ts";
import { helmEnvironment } from "../cluster/helm-environment.ts";
import type { Node } from "../cluster/objects.ts";
import { nodes, secrets } from "../cluster/resources.ts";
import { findHelm } from "../helm/find.ts";
import { helmOutput } from "../helm/run.ts";
import type { Values } from "./merge.ts";
import type { RenderMeans, RenderSettings } from "./settings.ts";

/** A node with GPUs. */
export interface GpuNode {
  readonly gpus: number;
  /** Bytes of one GPU, as the GPU Operator's feature discovery labels it; undefined without the label. */
  readonly memory: number | undefined;
}

/** What the cluster says. */
export interface ClusterFacts {
  /** Values of the revision that is deployed; undefined where the release does not exist yet. */
  readonly live: Values | undefined;
  /** Undefined where nodes may not be listed: they belong to no namespace. */
  readonly gpuNodes: readonly GpuNode[] | undefined;
}

/** Asks the cluster for the live values and its GPUs. */
export async function clusterFacts(
  settings: RenderSettings,
  means: Pick<RenderMeans, "aws">,
  ctx: Context,
): Promise<ClusterFacts> {
  const cluster = await connectCluster(settings, { ctx, aws: means.aws });
  try {
    const live = await liveValues(cluster, settings, ctx);
    const listed = await cluster.list(nodes).catch((thrown: unknown) => {
      if (ctx.signal.aborted) throw thrown;
      return undefined;
    });
    return { live, gpuNodes: listed && gpuNodesOf(listed) };
  } finally {
    cluster.close();
  }
}

async function liveValues(cluster: Cluster, settings: RenderSettings, ctx: Context): Promise<Values | undefined> {
  const { namespace, release } = settings;
  const labels = `owner=helm,name=${release},status=deployed`;
  const deployed = await cluster.list(secrets, { namespace, labels });
  const revisions = deployed.map((secret) => Number(secret.metadata.labels?.["version"]));
  if (revisions.length === 0) return undefined;
  const revision = String(Math.max(...revisions));
  const helm = await findHelm(settings.helmVersion, ctx);
  const args = ["get", "values", release, "--namespace", namespace, "--revision", revision, "--output", "json"];
  const text = await helmOutput(helm, args, await helmEnvironment(cluster, ctx), "reading the live values", ctx);
  return (JSON.parse(text) as Values | null) ?? {};
}

/** Nodes that offer `nvidia.com/gpu`. */
export function gpuNodesOf(all: readonly Node[]): readonly GpuNode[] {
  return all.flatMap((node) => {
    const gpus = Number(node.status?.allocatable?.["nvidia.com/gpu"] ?? 0);
    const mebibytes = Number(node.metadata.labels?.["nvidia.com/gpu.memory"]);
    return gpus > 0 ? [{ gpus, memory: mebibytes > 0 ? mebibytes * 2 ** 20 : undefined }] : [];
  });
}
