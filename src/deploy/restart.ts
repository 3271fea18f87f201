import type { Context } from "../action/context.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Deployment, PodTemplate } from "../cluster/objects.ts";
import { deployments } from "../cluster/resources.ts";

/** Marks a pod template that was changed for nothing but new pods; the next release takes it away again. */
export const restartedAt = "eks-deploy/restarted-at";

/** Pod templates by Deployment, to see whether an upgrade has changed one. */
export type Templates = ReadonlyMap<string, string>;

export async function readTemplates(cluster: Cluster, namespace: string): Promise<Templates> {
  const list = await cluster.list<Deployment>(deployments, { namespace });
  return new Map(list.map((item) => [item.metadata.name, JSON.stringify(item.spec.template)]));
}

/** The pod template that a Deployment had. */
export function templateOf(templates: Templates, name: string): PodTemplate | undefined {
  const text = templates.get(name);
  return text === undefined ? undefined : (JSON.parse(text) as PodTemplate);
}

/** New pods for those of `names` whose template the upgrade has left as it was `before`. */
export async function restartDeployments(
  names: readonly string[],
  before: Templates,
  namespace: string,
  cluster: Cluster,
  ctx: Context,
  onRestart: (name: string) => void,
): Promise<void> {
  if (names.length === 0) return;
  const after = await readTemplates(cluster, namespace);
  for (const name of names) {
    if (after.get(name) === undefined || after.get(name) !== before.get(name)) continue;
    onRestart(name);
    const annotations = { [restartedAt]: new Date(ctx.clock.now()).toISOString() };
    await cluster.patch(deployments, { name, namespace }, { spec: { template: { metadata: { annotations } } } });
    ctx.log.info(`Restarted ${name}: it reads a Secret that changed`);
  }
}
