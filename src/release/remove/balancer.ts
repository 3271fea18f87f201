import type { Context } from "../../action/context.ts";
import { elbClient } from "../../aws/elb.ts";
import { errorName, fromAws } from "../../aws/errors.ts";
import type { Aws } from "../../aws/session.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import type { Ingress } from "../../cluster/objects.ts";
import { ingresses } from "../../cluster/resources.ts";
import { unlessForbidden } from "../../deploy/live.ts";
import { asEksDeployError, RemoteError } from "../../errors.ts";
import { deadlineFor, untilGone } from "./wait.ts";

/** Addresses that an Ingress has. */
export function addressesIn({ status }: Ingress): readonly string[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ hostname }) => hostname ?? []);
}

/** Waits until the controller has let the Ingresses go: it holds each by a finalizer until AWS is tidied up. */
export async function ingressesGone(
  names: readonly string[],
  namespace: string,
  cluster: Cluster,
  ctx: Context,
): Promise<void> {
  if (names.length === 0) return;
  const look = async () => {
    const left = (await cluster.list(ingresses, { namespace })).filter(({ metadata }) => names.includes(metadata.name));
    return left.length === 0 ? undefined : left.map(({ metadata }) => metadata.name).join(", ");
  };
  const waiting = (list: string) => `Waiting for the load balancer controller to let go of ${list}`;
  const stuck = (list: string) => {
    throw new RemoteError("RELEASE_REMOVE_INGRESS", {
      happened: `The load balancer controller has not let go of the Ingresses ${list}: they wait for it with a finalizer.`,
      next: "See that the AWS Load Balancer Controller is running (kubectl get pods -n kube-system), then run remove again.",
    });
  };
  await untilGone({ look, waiting, stuck }, ctx);
}

/** Waits until the load balancers of these addresses are gone. Gives those that stay because Ingresses of others use them, each as a sentence. */
export async function balancersGone(
  addresses: readonly string[],
  cluster: Cluster,
  aws: Aws,
  ctx: Context,
): Promise<readonly string[]> {
  const deadline = deadlineFor(ctx);
  const stay: string[] = [];
  for (const address of addresses)
    await balancerGone(address, cluster, aws, ctx, deadline, (sentence) => void stay.push(sentence));
  return stay;
}

async function balancerGone(
  address: string,
  cluster: Cluster,
  aws: Aws,
  ctx: Context,
  deadline: number,
  stays: (sentence: string) => void,
): Promise<void> {
  const look = async () => {
    const arn = await balancerOf(address, aws, ctx);
    if (arn === "unknown")
      stays(`Whether the load balancer ${address} is gone was not looked at: the role may not read load balancers.`);
    if (!arn || arn === "unknown") return undefined;
    const everywhere = await unlessForbidden(cluster.list(ingresses));
    const users = (everywhere ?? []).filter((item) => addressesIn(item).includes(address));
    const [first] = users;
    if (!first) return { arn, seenAll: everywhere !== undefined };
    const { namespace, name } = first.metadata;
    stays(`The load balancer ${address} stays: ${users.length} other Ingresses use it, such as ${namespace}/${name}.`);
    return undefined;
  };
  const waiting = () => `Waiting for the load balancer ${address} to go`;
  const stuck = ({ arn, seenAll }: { readonly arn: string; readonly seenAll: boolean }) => {
    if (seenAll) throw balancerStays(address, arn);
    stays(
      `The load balancer ${address} is still there; whether others use it was not looked at: the role may not list Ingresses of all namespaces.`,
    );
  };
  await untilGone({ look, waiting, stuck }, ctx, deadline);
}

/** Tags of the load balancer controller and of EKS Auto Mode: the Ingress group, and the cluster. */
const stackTags = ["ingress.k8s.aws/stack", "ingress.eks.amazonaws.com/stack"];
const clusterTags = ["elbv2.k8s.aws/cluster", "eks:eks-cluster-name"];

/** DescribeTags takes so many ARNs. */
const tagPage = 20;

/**
 * Addresses of the load balancers that AWS has for an Ingress group of a cluster. A run that was cut off after the Ingresses were gone finds its load balancer only here. None where
 * the role may not look.
 */
export async function balancersOfGroup(
  group: string,
  cluster: string,
  aws: Aws,
  ctx: Context,
): Promise<readonly string[]> {
  const { DescribeTagsCommand, paginateDescribeLoadBalancers } = await import(
    "@aws-sdk/client-elastic-load-balancing-v2"
  );
  const client = await elbClient(aws);
  const options = { abortSignal: ctx.signal };
  const names = new Map<string, string>();
  const found: string[] = [];
  try {
    for await (const { LoadBalancers = [] } of paginateDescribeLoadBalancers({ client }, {}, options))
      for (const { LoadBalancerArn = "", DNSName = "" } of LoadBalancers) names.set(LoadBalancerArn, DNSName);
    const arns = [...names.keys()];
    for (let from = 0; from < arns.length; from += tagPage) {
      const command = new DescribeTagsCommand({ ResourceArns: arns.slice(from, from + tagPage) });
      const { TagDescriptions = [] } = await client.send(command, options);
      for (const { ResourceArn = "", Tags = [] } of TagDescriptions) {
        const has = (keys: readonly string[], value: string) =>
          Tags.some(({ Key = "", Value }) => keys.includes(Key) && Value === value);
        if (has(stackTags, group) && has(clusterTags, cluster)) found.push(names.get(ResourceArn) ?? "");
      }
    }
    return found;
  } catch (thrown) {
    const failure = fromAws(thrown, "looking for load balancers");
    if (asEksDeployError(failure).code !== "AWS_ACCESS_DENIED") throw failure;
    ctx.log.info("Load balancers that an earlier run left are not looked for: the role may not read them");
    return [];
  }
}

/** ARN of the load balancer with this address. */
async function balancerOf(address: string, aws: Aws, ctx: Context): Promise<string | "unknown" | undefined> {
  const { paginateDescribeLoadBalancers } = await import("@aws-sdk/client-elastic-load-balancing-v2");
  const client = await elbClient(aws);
  try {
    const pages = paginateDescribeLoadBalancers({ client }, {}, { abortSignal: ctx.signal });
    for await (const { LoadBalancers } of pages) {
      const found = LoadBalancers?.find(({ DNSName }) => DNSName?.toLowerCase() === address.toLowerCase());
      if (found) return found.LoadBalancerArn ?? address;
    }
    return undefined;
  } catch (thrown) {
    if (errorName(thrown) === "LoadBalancerNotFoundException") return undefined;
    const failure = fromAws(thrown, `looking for the load balancer ${address}`);
    if (asEksDeployError(failure).code === "AWS_ACCESS_DENIED") return "unknown";
    throw failure;
  }
}

function balancerStays(address: string, arn: string): RemoteError {
  return new RemoteError("RELEASE_REMOVE_BALANCER", {
    happened: `The load balancer ${address} is still there, and no Ingress uses it. It costs money as long as it exists.`,
    next: `See the log of the AWS Load Balancer Controller; or delete it: aws elbv2 delete-load-balancer --load-balancer-arn ${arn}`,
  });
}
