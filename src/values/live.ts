import type { Context } from "../action/context.ts";
import { connectCluster } from "../cluster/connect.ts";
import { helmEnvironment } from "../cluster/helm-environment.ts";
import { secrets } from "../cluster/resources.ts";
import { findHelm } from "../helm/find.ts";
import { helmOutput } from "../helm/run.ts";
import type { Values } from "./merge.ts";
import type { RenderMeans, RenderSettings } from "./settings.ts";

/** The values of the revision that is deployed; undefined where the release does not exist yet. */
export async function liveValues(
  settings: RenderSettings,
  means: Pick<RenderMeans, "aws">,
  ctx: Context,
): Promise<Values | undefined> {
  const { namespace, release } = settings;
  const cluster = await connectCluster(settings, { ctx, aws: means.aws });
  try {
    const labels = `owner=helm,name=${release},status=deployed`;
    const deployed = await cluster.list(secrets, { namespace, labels });
    const revisions = deployed.map((secret) => Number(secret.metadata.labels?.["version"]));
    if (revisions.length === 0) return undefined;
    const revision = String(Math.max(...revisions));
    const helm = await findHelm(settings.helmVersion, ctx);
    const args = ["get", "values", release, "--namespace", namespace, "--revision", revision, "--output", "json"];
    const text = await helmOutput(helm, args, await helmEnvironment(cluster, ctx), "reading the live values", ctx);
    return (JSON.parse(text) as Values | null) ?? {};
  } finally {
    cluster.close();
  }
}
