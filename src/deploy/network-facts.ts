import type { Context } from "../action/context.ts";
import { describeCluster } from "../aws/eks.ts";
import type { Aws } from "../aws/session.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Ingress } from "../cluster/objects.ts";
import { ingresses } from "../cluster/resources.ts";
import { gpusOfTypes, type TypeGpus } from "../facts/instance-gpus.ts";
import { isSeen, type Seen } from "../facts/looking.ts";
import { vpcEndpoints, vpcSubnets } from "../facts/network.ts";
import { attachedPolicies, type NodeGroup, nodeGroups } from "../facts/node-groups.ts";
import type { BalancerWish, NetworkFacts } from "./checks/network.ts";
import { type ClassParams, classParams } from "./class-params.ts";
import { addressOf } from "./health.ts";
import { unlessForbidden } from "./live.ts";
import type { WantedRelease } from "./plan.ts";

/** Asks AWS, or says why it is not asked. */
export type Ask = <T>(reading: (aws: Aws) => Promise<T>) => Promise<Seen<T>>;

/** What stands around the release in its VPC. */
export interface Surrounding extends NetworkFacts {
  readonly autoMode: boolean;
  /** GPUs of the instance types of node groups that have no node to look at. */
  readonly emptyGroups: Seen<readonly TypeGpus[]>;
}

/** Reads the network, the node groups and what the load balancer will be like. `eks` is asked about the cluster, `aws` about anything else. */
export async function networkFacts(
  cluster: Cluster,
  namespace: string,
  wanted: WantedRelease,
  rendered: readonly Ingress[],
  ask: { readonly eks: Ask; readonly aws: Ask },
  ctx: Context,
): Promise<Surrounding> {
  const described = ask.eks((aws) => describeCluster(aws, wanted.cluster, ctx.signal));
  const inVpc = async <T>(reading: (vpc: string, aws: Aws) => Promise<T>): Promise<Seen<T>> => {
    const found = await described;
    return isSeen(found) ? ask.eks((aws) => reading(found.vpcId, aws)) : found;
  };
  const [found, subnets, endpoints, groups, live, params] = await Promise.all([
    described,
    inVpc((vpc, aws) => vpcSubnets(vpc, aws, ctx.signal)),
    inVpc((vpc, aws) => vpcEndpoints(vpc, aws, ctx.signal)),
    ask.eks((aws) => nodeGroups(wanted.cluster, aws, ctx.signal)),
    unlessForbidden(cluster.list(ingresses, { namespace })),
    classParams(cluster, rendered),
  ]);
  const roles = isSeen(groups) ? [...new Set(pullingGroups(groups).map((group) => group.role))] : [];
  const [policies, emptyGroups] = await Promise.all([
    Promise.all(roles.map((role) => ask.aws((aws) => attachedPolicies(role, aws, ctx.signal)))),
    isSeen(groups) ? gpusOfEmpty(groups, ask.aws, ctx) : groups,
  ]);
  return {
    cluster: wanted.cluster,
    subnets,
    endpoints,
    nodeGroups: groups,
    emptyGroups,
    nodePolicies: Object.fromEntries(roles.map((role, index) => [role, policies[index]!])),
    balancer: balancerOf(rendered, live ?? [], params),
    autoMode: isSeen(found) && found.autoMode,
  };
}

/** The models' images are pulled by GPU nodes; where no group is for GPUs, by any. */
function pullingGroups(groups: readonly NodeGroup[]): readonly NodeGroup[] {
  const gpu = groups.filter((group) => group.gpus);
  return (gpu.length > 0 ? gpu : groups).filter((group) => group.role !== "");
}

/** A type that a launch template names is not known here: then nothing is said about any. */
async function gpusOfEmpty(groups: readonly NodeGroup[], ask: Ask, ctx: Context): Promise<Seen<readonly TypeGpus[]>> {
  const empty = groups.filter((group) => group.gpus && group.desired === 0 && group.maximum > 0);
  const unknown = empty.find((group) => group.instanceTypes.length === 0);
  if (unknown) return { notSeen: `the instance type of node group ${unknown.name} stands in its launch template` };
  const types = [...new Set(empty.flatMap((group) => group.instanceTypes))];
  return types.length === 0 ? [] : ask((aws) => gpusOfTypes(types, aws, ctx.signal));
}

/** An annotation of the load balancer controller, without its prefix. */
export function albAnnotation({ metadata }: Pick<Ingress, "metadata">, name: string): string | undefined {
  return metadata.annotations?.[`alb.ingress.kubernetes.io/${name}`];
}

/** Parts of a list with commas. */
export function listed(text: string | undefined): readonly string[] {
  return (text ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** The load balancer that the first Ingress with annotations of the controller asks for; what its class sets is not asked (IngressClassParams overrule annotations). */
function balancerOf(
  rendered: readonly Ingress[],
  live: readonly Ingress[],
  params: ReadonlyMap<string, ClassParams>,
): BalancerWish | undefined {
  const item = rendered.find(({ metadata }) =>
    Object.keys(metadata.annotations ?? {}).some((key) => key.startsWith("alb.ingress.kubernetes.io/")),
  );
  if (!item) return undefined;
  const names = rendered.map(({ metadata }) => metadata.name);
  const set = params.get(item.spec?.ingressClassName ?? "");
  const scheme = albAnnotation(item, "scheme");
  const group = albAnnotation(item, "group.name");
  return {
    scheme: set?.scheme ?? scheme ?? "internal",
    subnets: set?.subnets ?? listed(albAnnotation(item, "subnets")),
    ...(set?.subnetTags ? { subnetTags: set.subnetTags } : {}),
    ...(set ? { params: { ...set, overruled: { scheme, group } } } : {}),
    exists: live.some((ingress) => names.includes(ingress.metadata.name) && addressOf(ingress) !== undefined),
  };
}
