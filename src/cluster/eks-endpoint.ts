import type { Context } from "../action/context.ts";
import { type ClusterDescription, describeCluster } from "../aws/eks.ts";
import type { Aws } from "../aws/session.ts";
import { UserError } from "../errors.ts";
import type { Endpoint } from "./endpoint.ts";
import { eksTokens } from "./token.ts";

/** The API server of an EKS cluster: what DescribeCluster says, and a token of our own identity. */
export async function eksEndpoint(aws: Aws, name: string, ctx: Context): Promise<Endpoint> {
  const described = await describeCluster(aws, name, ctx.signal);
  if (!described.endpoint || !described.authority) {
    throw new UserError("CLUSTER_NOT_ACTIVE", {
      happened: `The EKS cluster ${name} is ${described.status} and has no endpoint yet.`,
      next: `Wait until it is active: aws eks wait cluster-active --name ${name} --region ${aws.region}`,
    });
  }
  const token = eksTokens(aws, name, ctx);
  return {
    label: `EKS cluster ${name}`,
    name,
    server: new URL(described.endpoint),
    tls: { authority: described.authority, verify: true },
    authorization: async (renew) => `Bearer ${await token(renew)}`,
    reach: reachOf(described),
    caller: aws.arn,
  };
}

/** What the cluster's network settings say about a runner that cannot connect. */
export function reachOf(described: Pick<ClusterDescription, "publicAccess" | "publicAccessCidrs" | "vpcId">): string {
  if (!described.publicAccess)
    return `Its endpoint is private: it answers only from inside the VPC ${described.vpcId} and networks that are joined to it.`;
  const { publicAccessCidrs: cidrs } = described;
  if (cidrs.length === 0 || cidrs.includes("0.0.0.0/0")) return "";
  return `Its public endpoint lets in only ${cidrs.join(", ")}; a GitHub-hosted runner has an address of its own choosing.`;
}
