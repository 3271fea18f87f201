import { describeCluster, eksClient } from "../aws/eks.ts";
import { errorName } from "../aws/errors.ts";
import type { Subject } from "./identity.ts";
import type { AgentState, ObservedAssociation, ObservedCluster } from "./observed.ts";
import { orDenied, type Reader } from "./read-iam.ts";

/** The cluster, as far as an identity depends on it. */
export async function readCluster(name: string, { aws, signal }: Reader): Promise<ObservedCluster> {
  const { arn, issuer, version, vpcId, autoMode } = await describeCluster(aws, name, signal);
  return { name, arn, issuer, version, vpcId, autoMode };
}

/** The service account's associations (EKS allows one); `undefined` where they may not be read. */
export async function readAssociations(
  { cluster, namespace, serviceAccount }: Subject,
  { aws, signal }: Reader,
): Promise<readonly ObservedAssociation[] | undefined> {
  const sdk = await import("@aws-sdk/client-eks");
  const eks = await eksClient(aws);
  return orDenied(undefined, `reading the Pod Identity associations of ${cluster}`, async () => {
    const command = new sdk.ListPodIdentityAssociationsCommand({ clusterName: cluster, namespace, serviceAccount });
    const { associations = [] } = await eks.send(command, { abortSignal: signal });
    return Promise.all(
      // The listing has no roles.
      associations.map(async ({ associationId = "" }) => {
        const one = new sdk.DescribePodIdentityAssociationCommand({ clusterName: cluster, associationId });
        const { association } = await eks.send(one, { abortSignal: signal });
        return {
          id: associationId,
          roleArn: association?.roleArn ?? "",
          targetRoleArn: association?.targetRoleArn ?? undefined,
          sessionTags: association?.disableSessionTags !== true,
          tags: association?.tags ?? {},
          ownerArn: association?.ownerArn ?? undefined,
        };
      }),
    );
  });
}

/** How the add-on that hands credentials to pods stands. */
export async function readAgent(cluster: ObservedCluster, { aws, signal }: Reader): Promise<AgentState> {
  if (cluster.autoMode) return "built-in";
  const { DescribeAddonCommand } = await import("@aws-sdk/client-eks");
  const eks = await eksClient(aws);
  return orDenied<AgentState>("unknown", "reading the Pod Identity agent", async () => {
    try {
      const command = new DescribeAddonCommand({ clusterName: cluster.name, addonName: "eks-pod-identity-agent" });
      const { addon } = await eks.send(command, { abortSignal: signal });
      return addon?.status === "ACTIVE" && (addon.health?.issues ?? []).length === 0 ? "active" : "unhealthy";
    } catch (thrown) {
      if (errorName(thrown) === "ResourceNotFoundException") return "missing";
      throw thrown;
    }
  });
}
