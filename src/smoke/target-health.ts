import { elbClient } from "../aws/elb.ts";
import { errorName, fromAws } from "../aws/errors.ts";
import type { Aws } from "../aws/session.ts";

/** How the load balancer sees one pod of a model. */
export interface TargetState {
  readonly address: string;
  /** `initial`, `healthy`, `unhealthy`, `unused`, `draining`, `unavailable`, ... */
  readonly state: string;
  /** `Target.ResponseCodeMismatch`, ... */
  readonly reason: string | undefined;
}

/** AWS takes so many ARNs in one question about tags. */
const tagPage = 20;

/**
 * The targets behind an Ingress of a load balancer. The controller tags each target group with `<namespace>/<ingress>-<service>:<port>`.
 * `undefined`: there is no load balancer of that address in the account and region. A refused read is `AWS_ACCESS_DENIED`.
 */
export async function targetStates(
  address: string,
  ingress: { readonly namespace: string; readonly name: string },
  aws: Aws,
  signal: AbortSignal,
): Promise<readonly TargetState[] | undefined> {
  const sdk = await import("@aws-sdk/client-elastic-load-balancing-v2");
  const client = await elbClient(aws);
  const options = { abortSignal: signal };
  try {
    const balancers = await client.send(
      new sdk.DescribeLoadBalancersCommand({ Names: [balancerName(address)] }),
      options,
    );
    const balancer = balancers.LoadBalancers?.find(({ DNSName }) => DNSName?.toLowerCase() === address.toLowerCase());
    if (!balancer) return undefined;
    const groups = await client.send(
      new sdk.DescribeTargetGroupsCommand({ LoadBalancerArn: balancer.LoadBalancerArn }),
      options,
    );
    const arns = (groups.TargetGroups ?? []).map(({ TargetGroupArn }) => TargetGroupArn ?? "");
    const own: string[] = [];
    for (let from = 0; from < arns.length; from += tagPage) {
      const ResourceArns = arns.slice(from, from + tagPage);
      const tags = await client.send(new sdk.DescribeTagsCommand({ ResourceArns }), options);
      for (const { ResourceArn = "", Tags = [] } of tags.TagDescriptions ?? []) {
        const resource = Tags.find(({ Key }) => Key === "ingress.k8s.aws/resource")?.Value ?? "";
        if (resource.startsWith(`${ingress.namespace}/${ingress.name}-`)) own.push(ResourceArn);
      }
    }
    const health = await Promise.all(
      own.map((TargetGroupArn) => client.send(new sdk.DescribeTargetHealthCommand({ TargetGroupArn }), options)),
    );
    return health.flatMap(({ TargetHealthDescriptions = [] }) =>
      TargetHealthDescriptions.map(({ Target, TargetHealth }) => ({
        address: `${Target?.Id}:${Target?.Port}`,
        state: TargetHealth?.State ?? "",
        reason: TargetHealth?.Reason,
      })),
    );
  } catch (thrown) {
    if (errorName(thrown) === "LoadBalancerNotFoundException") return undefined;
    throw fromAws(thrown, `reading the health of the targets of ${ingress.name}`);
  }
}

/** `internal-k8s-poolside-ab12-1234567890.us-east-2.elb.amazonaws.com` is the load balancer `k8s-poolside-ab12`. */
export function balancerName(address: string): string {
  const [first = ""] = address.split(".");
  return first.replace(/^internal-/, "").replace(/-\d+$/, "");
}

/** What a reason means, in plain words. */
export function reasonText(reason: string | undefined): string {
  return reason === undefined ? "" : (reasons[reason] ?? reason);
}

const reasons: Readonly<Record<string, string>> = {
  "Elb.RegistrationInProgress": "is being registered",
  "Elb.InitialHealthChecking": "is being checked for the first time",
  "Elb.InternalError": "cannot be checked: the load balancer has a fault of its own",
  "Target.ResponseCodeMismatch": "answers its health check with something else than 200",
  "Target.Timeout": "does not answer its health check in time: a security group, or the server is busy",
  "Target.FailedHealthChecks": "does not answer its health check: nothing listens there",
  "Target.DeregistrationInProgress": "is an old pod that is being taken out",
  "Target.NotInUse": "is in no zone or listener of the load balancer",
  "Target.IpUnusable": "has an address that the load balancer cannot use",
  "Target.InvalidState": "is stopped or gone",
};
