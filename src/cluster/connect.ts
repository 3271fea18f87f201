import type { Context } from "../action/context.ts";
import type { Aws } from "../aws/session.ts";
import { UserError } from "../errors.ts";
import { Cluster } from "./cluster.ts";
import { eksEndpoint } from "./eks-endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import { kubeconfigEndpoint } from "./kubeconfig.ts";

/** The inputs that name a cluster. `kubeconfig` and `context` win over `cluster`. */
export interface ClusterChoice {
  /** Name of the EKS cluster. */
  readonly cluster?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/** What connecting needs: `aws` signs in only for an EKS cluster. */
export interface ClusterMeans {
  readonly ctx: Context;
  readonly aws: () => Promise<Aws>;
}

/** Whether a cluster was named at all; without one the cluster checks say `not looked at`. */
export function namesCluster(choice: ClusterChoice): boolean {
  return Boolean(choice.cluster || choice.kubeconfig || choice.context);
}

/** Opens a cluster. No request is sent to it yet. `CLUSTER_NOT_GIVEN` where none was named. */
export async function connectCluster(choice: ClusterChoice, means: ClusterMeans): Promise<Cluster> {
  return new Cluster(await endpointOf(choice, means), means.ctx);
}

async function endpointOf(choice: ClusterChoice, { ctx, aws }: ClusterMeans): Promise<Endpoint> {
  if (choice.kubeconfig || choice.context) return kubeconfigEndpoint(choice.kubeconfig, choice.context, ctx);
  if (choice.cluster) return eksEndpoint(await aws(), choice.cluster, ctx);
  throw new UserError("CLUSTER_NOT_GIVEN", {
    happened: "No cluster was given.",
    next: "Give cluster (the name of the EKS cluster; cluster in the spec), or kubeconfig and context.",
  });
}
