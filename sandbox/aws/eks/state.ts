import type { Issuer } from "../../github/jwt.ts";

export interface HealthIssue {
  readonly code: string;
  readonly message: string;
  readonly resourceIds: readonly string[];
}

export interface Nodegroup {
  readonly name: string;
  status: string;
  /** `AL2023_x86_64_NVIDIA`, `BOTTLEROCKET_x86_64_NVIDIA`, ... */
  amiType: string;
  /** `ON_DEMAND`, `SPOT`, `CAPACITY_BLOCK`. */
  capacityType: string;
  instanceTypes: readonly string[];
  scaling: { readonly minSize: number; readonly maxSize: number; readonly desiredSize: number };
  labels: Readonly<Record<string, string>>;
  /** Effects as EKS writes them: `NO_SCHEDULE`. */
  taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  nodeRole: string;
  subnets: readonly string[];
  issues: readonly HealthIssue[];
}

export interface AccessEntry {
  readonly principalArn: string;
  username: string;
  groups: readonly string[];
  type: string;
  /** Associated access policies: `AmazonEKSClusterAdminPolicy` and its kin; no namespaces: the whole cluster. */
  policies: readonly { readonly name: string; readonly namespaces?: readonly string[] }[];
}

export interface Addon {
  readonly name: string;
  status: string;
  version: string;
  issues: readonly HealthIssue[];
}

export interface PodIdentityAssociation {
  readonly id: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly roleArn: string;
  readonly targetRoleArn?: string;
  readonly externalId?: string;
  readonly disableSessionTags: boolean;
  readonly policy?: string;
  /** ARN of the add-on that manages it. */
  readonly ownerArn?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly modifiedAt: number;
  /** `clientRequestToken` of the call that made it. */
  readonly token?: string;
}

/** A cluster; tests set its fields. */
export interface Cluster {
  readonly name: string;
  /** `1.34`. */
  version: string;
  /** `CREATING`, `ACTIVE`, `DELETING`, `FAILED`, `UPDATING`, `PENDING`. Endpoint and authority show when it is not `CREATING` or `PENDING`. */
  status: string;
  endpoint: string;
  /** The API server's authority, PEM. */
  authority: string;
  readonly issuer: Issuer;
  vpcId: string;
  subnetIds: readonly string[];
  publicAccess: boolean;
  privateAccess: boolean;
  publicAccessCidrs: readonly string[];
  authenticationMode: "API" | "API_AND_CONFIG_MAP" | "CONFIG_MAP";
  autoMode: boolean;
  issues: readonly HealthIssue[];
  readonly nodegroups: Map<string, Nodegroup>;
  /** By principal ARN. */
  readonly accessEntries: Map<string, AccessEntry>;
  readonly addons: Map<string, Addon>;
  /** By association id. */
  readonly associations: Map<string, PodIdentityAssociation>;
  readonly createdAt: number;
}

/** What EKS holds of one account and region. */
export class EksState {
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  readonly clusters = new Map<string, Cluster>();
  /** Milliseconds until an association counts. */
  associationDelay = 0;

  constructor(account: string, region: string, partition: string) {
    this.account = account;
    this.region = region;
    this.partition = partition;
  }

  arn(rest: string): string {
    return `arn:${this.partition}:eks:${this.region}:${this.account}:${rest}`;
  }

  addCluster(
    cluster: Pick<Cluster, "name" | "endpoint" | "authority" | "issuer"> & Partial<Cluster>,
    now: number,
  ): Cluster {
    const full: Cluster = {
      version: "1.34",
      status: "ACTIVE",
      vpcId: "vpc-0a1b2c3d4e5f60718",
      subnetIds: [],
      publicAccess: true,
      privateAccess: true,
      publicAccessCidrs: ["0.0.0.0/0"],
      authenticationMode: "API",
      autoMode: false,
      issues: [],
      nodegroups: new Map(),
      accessEntries: new Map(),
      addons: new Map(),
      associations: new Map(),
      createdAt: now,
      ...cluster,
    };
    this.clusters.set(full.name, full);
    return full;
  }
}
