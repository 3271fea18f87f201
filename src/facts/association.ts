import { eksClient } from "../aws/eks.ts";
import { fromAws } from "../aws/errors.ts";
import type { Aws } from "../aws/session.ts";

/** Whether a Pod Identity association gives a service account a role. */
export async function hasAssociation(
  cluster: string,
  account: { readonly namespace: string; readonly name: string },
  aws: Aws,
  signal: AbortSignal,
): Promise<boolean> {
  const { ListPodIdentityAssociationsCommand } = await import("@aws-sdk/client-eks");
  const client = await eksClient(aws);
  const { namespace, name: serviceAccount } = account;
  try {
    const command = new ListPodIdentityAssociationsCommand({ clusterName: cluster, namespace, serviceAccount });
    const { associations = [] } = await client.send(command, { abortSignal: signal });
    return associations.length > 0;
  } catch (thrown) {
    throw fromAws(thrown, `listing the Pod Identity associations of ${namespace}/${serviceAccount}`);
  }
}
