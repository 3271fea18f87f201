import type { Context } from "../action/context.ts";
import type { Aws } from "../aws/session.ts";
import { connectCluster, namesCluster } from "../cluster/connect.ts";
import { serviceAccounts } from "../cluster/resources.ts";
import { asEksDeployError } from "../errors.ts";
import type { Subject } from "./identity.ts";
import { roleAnnotation } from "./values.ts";

/** The service account as the cluster has it. */
export type ObservedAccount =
  | { readonly state: "absent" }
  | {
      readonly state: "found";
      /** What `eks.amazonaws.com/role-arn` says. */
      readonly roleArn: string | undefined;
      /** A chart made it, so a chart may go on making it. */
      readonly fromChart: boolean;
    }
  | { readonly state: "not looked at"; readonly why: string };

/** How to reach the cluster's API. */
export interface ClusterAccess {
  readonly cluster: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
}

/** Reads the service account; a cluster that cannot be asked is `not looked at`, which is no error here. */
export async function readAccount(
  subject: Pick<Subject, "namespace" | "serviceAccount">,
  access: ClusterAccess,
  aws: Aws,
  ctx: Context,
): Promise<ObservedAccount> {
  if (!namesCluster(access)) return { state: "not looked at", why: "no cluster was given" };
  try {
    const cluster = await connectCluster(access, { ctx, aws: async () => aws });
    const found = await cluster.get(serviceAccounts, subject.serviceAccount, subject.namespace);
    if (!found) return { state: "absent" };
    const { labels = {}, annotations = {} } = found.metadata;
    return {
      state: "found",
      roleArn: annotations[roleAnnotation],
      fromChart: labels["app.kubernetes.io/managed-by"] === "Helm",
    };
  } catch (thrown) {
    const error = asEksDeployError(thrown);
    if (!error.code.startsWith("CLUSTER_") && error.code !== "AWS_ACCESS_DENIED") throw error;
    return { state: "not looked at", why: error.happened.split("\n")[0]! };
  }
}
