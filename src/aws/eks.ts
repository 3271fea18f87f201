import type { EKSClient } from "@aws-sdk/client-eks";
import { UserError } from "../errors.ts";
import { type ClientCache, clientCache } from "./clients.ts";
import { errorName, fromAws } from "./errors.ts";
import type { Aws } from "./session.ts";

const clients: ClientCache<EKSClient> = clientCache();

/** The EKS client of a session; loads the SDK at its first call. */
export function eksClient(aws: Aws): Promise<EKSClient> {
  return clients(aws, async () => new (await import("@aws-sdk/client-eks")).EKSClient(aws.options));
}

/** What DescribeCluster says, as far as we act on it. */
export interface ClusterDescription {
  readonly name: string;
  readonly arn: string;
  /** `CREATING`, `ACTIVE`, `UPDATING`, ... */
  readonly status: string;
  /** Kubernetes `1.33`. */
  readonly version: string;
  /** `https://oidc.eks....`; there on every EKS cluster. What may be missing is the IAM provider for it. */
  readonly issuer: string;
  /** Absent unless the cluster is active. */
  readonly endpoint: string | undefined;
  /** PEM; absent unless the cluster is active. Read in every run: the authority can be rotated. */
  readonly authority: string | undefined;
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  readonly publicAccess: boolean;
  readonly publicAccessCidrs: readonly string[];
  /** `API`, `API_AND_CONFIG_MAP`, `CONFIG_MAP`. */
  readonly authenticationMode: string;
  /** EKS Auto Mode: its own load balancer controller, no controller pods, Pod Identity built in. */
  readonly autoMode: boolean;
}

/** Reads a cluster; one that is not there is `CLUSTER_NOT_FOUND`. */
export async function describeCluster(aws: Aws, name: string, signal: AbortSignal): Promise<ClusterDescription> {
  const { DescribeClusterCommand } = await import("@aws-sdk/client-eks");
  const client = await eksClient(aws);
  const { cluster } = await client
    .send(new DescribeClusterCommand({ name }), { abortSignal: signal })
    .catch((thrown) => {
      throw errorName(thrown) === "ResourceNotFoundException"
        ? notFound(aws, name)
        : fromAws(thrown, `describing the cluster ${name}`);
    });
  if (!cluster) throw notFound(aws, name);
  const network = cluster.resourcesVpcConfig;
  const authority = cluster.certificateAuthority?.data;
  return {
    name,
    arn: cluster.arn ?? "",
    status: cluster.status ?? "",
    version: cluster.version ?? "",
    issuer: cluster.identity?.oidc?.issuer ?? "",
    endpoint: cluster.endpoint,
    authority: authority && Buffer.from(authority, "base64").toString("utf8"),
    vpcId: network?.vpcId ?? "",
    subnetIds: network?.subnetIds ?? [],
    publicAccess: network?.endpointPublicAccess ?? false,
    publicAccessCidrs: network?.publicAccessCidrs ?? [],
    authenticationMode: cluster.accessConfig?.authenticationMode ?? "",
    autoMode: cluster.computeConfig?.enabled ?? false,
  };
}

function notFound(aws: Aws, name: string): UserError {
  return new UserError("CLUSTER_NOT_FOUND", {
    happened: `There is no EKS cluster ${name} in ${aws.region} of account ${aws.account}.`,
    next: `Correct cluster or aws-region. The clusters there: aws eks list-clusters --region ${aws.region}`,
  });
}
