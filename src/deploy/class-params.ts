import type { Cluster } from "../cluster/cluster.ts";
import type { Ingress, IngressClassParams } from "../cluster/objects.ts";
import { autoModeClassParams, ingressClasses, ingressClassParams } from "../cluster/resources.ts";
import { unlessForbidden } from "./live.ts";

/** What an ingress class sets for all of its Ingresses, whatever their annotations say (https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/ingress_class/). */
export interface ClassParams {
  /** Name of the IngressClassParams. */
  readonly name: string;
  readonly scheme: string | undefined;
  readonly group: string | undefined;
  /** Ids of subnets. */
  readonly subnets: readonly string[] | undefined;
  /** Values by tag, one of which a subnet must have; of every tag. */
  readonly subnetTags: Readonly<Record<string, readonly string[]>> | undefined;
}

/** The parameters of the rendered Ingresses' classes, by class; none where they may not be read. Auto Mode has a kind of its own for them. */
export async function classParams(
  cluster: Cluster,
  rendered: readonly Ingress[],
): Promise<ReadonlyMap<string, ClassParams>> {
  const wanted = new Set(rendered.map((item) => item.spec?.ingressClassName));
  const classes = (await unlessForbidden(cluster.list(ingressClasses))) ?? [];
  const found = new Map<string, ClassParams>();
  for (const { metadata, spec } of classes) {
    const { apiGroup, kind, name } = spec?.parameters ?? {};
    if (!wanted.has(metadata.name) || kind !== "IngressClassParams" || name === undefined) continue;
    const resource = apiGroup === "eks.amazonaws.com" ? autoModeClassParams : ingressClassParams;
    const object = await unlessForbidden(cluster.get(resource, name));
    if (object) found.set(metadata.name, paramsOf(object));
  }
  return found;
}

function paramsOf({ metadata, spec = {} }: IngressClassParams): ClassParams {
  const { ids, tags, matchTags } = spec.subnets ?? {};
  const matching = matchTags && Object.fromEntries(matchTags.map(({ key, values }) => [key, values]));
  return {
    name: metadata.name,
    scheme: spec.scheme,
    group: spec.group?.name,
    subnets: ids,
    subnetTags: tags ?? matching,
  };
}
