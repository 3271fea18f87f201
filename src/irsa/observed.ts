import type { BucketFacts } from "../facts/bucket.ts";

type Raw = Readonly<Record<string, unknown>>;
type Tags = Readonly<Record<string, string>>;

/** A policy that hangs on a role; `document` is absent where it may not be read. */
export interface HangingPolicy {
  /** Name of an inline policy, ARN of a managed one. */
  readonly name: string;
  readonly document: Raw | undefined;
}

export interface ObservedRole {
  /** As IAM has it: names are unique without case. */
  readonly name: string;
  readonly arn: string;
  readonly trust: Raw;
  readonly tags: Tags;
  readonly boundary: string | undefined;
  /** ARNs of attached managed policies. */
  readonly attached: readonly string[];
  readonly inline: readonly HangingPolicy[];
}

export interface ObservedPolicy {
  readonly arn: string;
  readonly name: string;
  readonly tags: Tags;
  readonly defaultVersion: string;
  /** Ids of all versions (`v3`). */
  readonly versions: readonly string[];
  /** The default version's. */
  readonly document: Raw;
}

/** The account's IAM OIDC provider for the cluster's issuer. */
export interface ObservedProvider {
  readonly arn: string;
  readonly audiences: readonly string[];
}

/** A Pod Identity association of the service account. */
export interface ObservedAssociation {
  readonly id: string;
  readonly roleArn: string;
  readonly targetRoleArn: string | undefined;
  readonly sessionTags: boolean;
  readonly tags: Tags;
  /** The add-on that manages it. */
  readonly ownerArn: string | undefined;
}

/** The account's real ceilings; IAM's defaults where they may not be read. */
export interface Quotas {
  /** Characters, white space not counted. */
  readonly policySize: number;
  readonly trustSize: number;
  readonly versionsPerPolicy: number;
  readonly attachedPerRole: number;
}

export interface ObservedCluster {
  readonly name: string;
  readonly arn: string;
  readonly issuer: string;
  readonly version: string;
  readonly vpcId: string;
  /** Pod Identity is built in. */
  readonly autoMode: boolean;
}

/** The bucket's key, where it has one. */
export interface ObservedKey {
  readonly arn: string;
  /** What DescribeKey says; absent where it may not be asked. */
  readonly state: string | undefined;
}

/** The Pod Identity agent: how it stands; `unknown` where it may not be read. */
export type AgentState = "built-in" | "active" | "missing" | "unhealthy" | "unknown";

/** What an identity of ours is planned from. */
export interface ObservedIdentity {
  readonly cluster: ObservedCluster;
  readonly bucket: BucketFacts;
  readonly key: ObservedKey | undefined;
  readonly provider: ObservedProvider | undefined;
  readonly role: ObservedRole | undefined;
  readonly policy: ObservedPolicy | undefined;
  /** Where there is no such policy: the ARN of one whose name differs by case or path alone; absent as well where policies may not be listed. */
  readonly policyNamesake: string | undefined;
  /** Managed policies on the role that are not ours. */
  readonly foreign: readonly HangingPolicy[];
  /** Absent where they may not be read. */
  readonly associations: readonly ObservedAssociation[] | undefined;
  readonly agent: AgentState;
  readonly quotas: Quotas;
}
