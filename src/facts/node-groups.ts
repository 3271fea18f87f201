import { eksClient } from "../aws/eks.ts";
import { fromAws } from "../aws/errors.ts";
import { iamClient } from "../aws/iam.ts";
import type { Aws } from "../aws/session.ts";

/** A managed node group, as far as capacity and pulls depend on it. */
export interface NodeGroup {
  readonly name: string;
  /** `ACTIVE`, `CREATING`, `UPDATING`, `DEGRADED`, ... */
  readonly status: string;
  /** `ON_DEMAND`, `SPOT`, `CAPACITY_BLOCK`. */
  readonly capacityType: string;
  readonly desired: number;
  readonly maximum: number;
  /** Its machine image or its taint is for GPUs. */
  readonly gpus: boolean;
  /** Empty where its launch template names the type. */
  readonly instanceTypes: readonly string[];
  readonly role: string;
  readonly subnets: readonly string[];
  /** What EKS says is wrong with it: `AsgInstanceLaunchFailures: ...`. */
  readonly issues: readonly string[];
}

/** All managed node groups of a cluster. */
export async function nodeGroups(cluster: string, aws: Aws, signal: AbortSignal): Promise<readonly NodeGroup[]> {
  const { DescribeNodegroupCommand, paginateListNodegroups } = await import("@aws-sdk/client-eks");
  const client = await eksClient(aws);
  const options = { abortSignal: signal };
  const names: string[] = [];
  try {
    for await (const page of paginateListNodegroups({ client }, { clusterName: cluster }, options))
      names.push(...(page.nodegroups ?? []));
    return await Promise.all(
      names.map(async (nodegroupName): Promise<NodeGroup> => {
        const command = new DescribeNodegroupCommand({ clusterName: cluster, nodegroupName });
        const { nodegroup: found = {} } = await client.send(command, options);
        return {
          name: nodegroupName,
          status: found.status ?? "",
          capacityType: found.capacityType ?? "",
          desired: found.scalingConfig?.desiredSize ?? 0,
          maximum: found.scalingConfig?.maxSize ?? 0,
          gpus:
            /NVIDIA|GPU/.test(found.amiType ?? "") || (found.taints ?? []).some(({ key }) => key === "nvidia.com/gpu"),
          instanceTypes: found.instanceTypes ?? [],
          role: found.nodeRole ?? "",
          subnets: found.subnets ?? [],
          issues: (found.health?.issues ?? []).map(({ code, message }) => `${code}: ${message}`),
        };
      }),
    );
  } catch (thrown) {
    throw fromAws(thrown, `describing the node groups of ${cluster}`);
  }
}

/** Names of the managed policies that are attached to a role. */
export async function attachedPolicies(roleArn: string, aws: Aws, signal: AbortSignal): Promise<readonly string[]> {
  const { paginateListAttachedRolePolicies } = await import("@aws-sdk/client-iam");
  const client = await iamClient(aws);
  const RoleName = roleArn.split("/").at(-1) ?? "";
  const names: string[] = [];
  try {
    for await (const page of paginateListAttachedRolePolicies({ client }, { RoleName }, { abortSignal: signal }))
      names.push(...(page.AttachedPolicies ?? []).map(({ PolicyName = "" }) => PolicyName));
    return names;
  } catch (thrown) {
    throw fromAws(thrown, `listing the policies of ${RoleName}`);
  }
}
