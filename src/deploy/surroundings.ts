import type { Cluster } from "../cluster/cluster.ts";
import type { EndpointSlice, Pod } from "../cluster/objects.ts";
import {
  clusterPolicies,
  endpointSlices,
  ingressClasses,
  nodePools,
  nodes,
  pods,
  resourceSlices,
} from "../cluster/resources.ts";
import { canGrow, nodeGpus } from "./gpus.ts";
import { unlessForbidden } from "./live.ts";
import type { Surroundings } from "./snapshot.ts";

const system = "kube-system";
const controllerLabel = "app.kubernetes.io/name=aws-load-balancer-controller";
const webhookLabel = "kubernetes.io/service-name=aws-load-balancer-webhook-service";
/** The controller that EKS Auto Mode brings: it has no pods and no webhook. */
const autoModeController = "eks.amazonaws.com/alb";

/** The load balancer controller and ingress classes, as far as they may be read. */
export interface IngressFacts {
  readonly classes: readonly string[] | undefined;
  readonly autoMode: boolean;
  /** Ready pods of the AWS Load Balancer Controller; `undefined`: not found by its usual names, or not readable. */
  readonly controllerPods: number | undefined;
}

export async function ingressFacts(cluster: Cluster): Promise<IngressFacts> {
  const [classes, controllers, slices] = await Promise.all([
    unlessForbidden(cluster.list(ingressClasses)),
    unlessForbidden(cluster.list(pods, { namespace: system, labels: controllerLabel })),
    unlessForbidden(cluster.list(endpointSlices, { namespace: system, labels: webhookLabel })),
  ]);
  return {
    classes: classes?.map((item) => item.metadata.name),
    autoMode: classes?.some((item) => item.spec?.controller === autoModeController) ?? false,
    controllerPods: readyControllers(controllers, slices),
  };
}

/** Endpoints of the webhook are what counts; pods by label where those cannot be read. */
function readyControllers(
  controllers: readonly Pod[] | undefined,
  slices: readonly EndpointSlice[] | undefined,
): number | undefined {
  if (slices && slices.length > 0)
    return slices.flatMap((slice) => slice.endpoints ?? []).filter((endpoint) => endpoint.conditions?.ready !== false)
      .length;
  if (!controllers || controllers.length === 0) return undefined;
  return controllers.filter((pod) =>
    pod.status?.conditions?.some((item) => item.type === "Ready" && item.status === "True"),
  ).length;
}

/** What stands around the GPUs, as far as it may be read. */
export interface GpuSurroundings {
  /** `status.state` of the GPU Operator's ClusterPolicy. */
  readonly operator: string | undefined;
  /** NVIDIA's devices are offered by dynamic resource allocation. */
  readonly resourceSlices: boolean;
  /** Karpenter has a pool to make nodes from. */
  readonly karpenter: boolean;
}

export async function gpuSurroundings(cluster: Cluster): Promise<GpuSurroundings> {
  const [policies = [], slices = [], pools = []] = await Promise.all([
    unlessForbidden(cluster.list(clusterPolicies)),
    unlessForbidden(cluster.list(resourceSlices)),
    unlessForbidden(cluster.list(nodePools)),
  ]);
  return {
    operator: policies[0] && (policies[0].status?.state ?? "nothing yet"),
    resourceSlices: slices.some((slice) => slice.spec?.driver === "gpu.nvidia.com"),
    karpenter: pools.length > 0,
  };
}

/** What a snapshot tells of the cluster around the release. */
export async function readSurroundings(cluster: Cluster): Promise<Surroundings> {
  const [nodeList, podList, ingress] = await Promise.all([
    unlessForbidden(cluster.list(nodes)),
    unlessForbidden(cluster.list(pods)),
    ingressFacts(cluster),
  ]);
  const gpus = nodeList && podList ? nodeGpus(nodeList, podList) : undefined;
  return {
    ...(gpus
      ? {
          gpus: gpus.reduce((sum, node) => sum + node.all, 0),
          freeGpus: gpus.reduce((sum, node) => sum + node.free, 0),
        }
      : {}),
    ...(nodeList ? { canGrow: canGrow(nodeList) } : {}),
    ...(ingress.controllerPods === undefined || ingress.autoMode
      ? {}
      : { controllerReady: ingress.controllerPods > 0 }),
  };
}
