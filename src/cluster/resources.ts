import type {
  ClusterPolicy,
  Deployment,
  EndpointSlice,
  Ingress,
  IngressClass,
  IngressClassParams,
  KubeEvent,
  KubeObject,
  Lease,
  Namespace,
  Node,
  Pod,
  ReplicaSet,
  ResourceQuota,
  ResourceSlice,
  Secret,
  ServiceAccount,
} from "./objects.ts";

/** A row of the API: where objects of a kind lie. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** `v1`, `apps/v1`, ... */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Only carries the type. */
  readonly sample?: T;
}

function row<T extends KubeObject>(apiVersion: string, kind: string, plural: string, namespaced = true): Resource<T> {
  return { apiVersion, kind, plural, namespaced };
}

export const namespaces = row<Namespace>("v1", "Namespace", "namespaces", false);
export const nodes = row<Node>("v1", "Node", "nodes", false);
export const pods = row<Pod>("v1", "Pod", "pods");
export const secrets = row<Secret>("v1", "Secret", "secrets");
export const events = row<KubeEvent>("v1", "Event", "events");
export const services = row<KubeObject>("v1", "Service", "services");
export const serviceAccounts = row<ServiceAccount>("v1", "ServiceAccount", "serviceaccounts");
export const resourceQuotas = row<ResourceQuota>("v1", "ResourceQuota", "resourcequotas");
export const deployments = row<Deployment>("apps/v1", "Deployment", "deployments");
export const replicaSets = row<ReplicaSet>("apps/v1", "ReplicaSet", "replicasets");
export const statefulSets = row<KubeObject>("apps/v1", "StatefulSet", "statefulsets");
export const daemonSets = row<KubeObject>("apps/v1", "DaemonSet", "daemonsets");
export const ingresses = row<Ingress>("networking.k8s.io/v1", "Ingress", "ingresses");
export const ingressClasses = row<IngressClass>("networking.k8s.io/v1", "IngressClass", "ingressclasses", false);
export const ingressClassParams = row<IngressClassParams>(
  "elbv2.k8s.aws/v1beta1",
  "IngressClassParams",
  "ingressclassparams",
  false,
);
export const autoModeClassParams = row<IngressClassParams>(
  "eks.amazonaws.com/v1",
  "IngressClassParams",
  "ingressclassparams",
  false,
);
export const leases = row<Lease>("coordination.k8s.io/v1", "Lease", "leases");
export const endpointSlices = row<EndpointSlice>("discovery.k8s.io/v1", "EndpointSlice", "endpointslices");
export const clusterPolicies = row<ClusterPolicy>("nvidia.com/v1", "ClusterPolicy", "clusterpolicies", false);
export const resourceSlices = row<ResourceSlice>("resource.k8s.io/v1", "ResourceSlice", "resourceslices", false);
/** Karpenter's: while there is one, nodes can come. */
export const nodePools = row<KubeObject>("karpenter.sh/v1", "NodePool", "nodepools", false);

/** Kinds that a chart may hold, for reading what a manifest names. */
const known: readonly Resource[] = [
  namespaces,
  pods,
  secrets,
  services,
  serviceAccounts,
  resourceQuotas,
  deployments,
  statefulSets,
  daemonSets,
  ingresses,
  ingressClasses,
  leases,
  row("v1", "ConfigMap", "configmaps"),
  row("v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
  row("batch/v1", "Job", "jobs"),
  row("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
  row("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
  row("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"),
  row("rbac.authorization.k8s.io/v1", "Role", "roles"),
  row("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings"),
];

/** The row for an object's apiVersion and kind; `undefined` for kinds that this table does not know (custom resources). */
export function resourceOf(apiVersion: string, kind: string): Resource | undefined {
  return known.find((resource) => resource.apiVersion === apiVersion && resource.kind === kind);
}

/** `/api/v1/namespaces/x/pods/name`; without a name the collection, without a namespace all of them. */
export function pathOf(resource: Resource, place: { readonly namespace?: string; readonly name?: string }): string {
  const root = resource.apiVersion.includes("/") ? `/apis/${resource.apiVersion}` : `/api/${resource.apiVersion}`;
  const scope = resource.namespaced && place.namespace ? `/namespaces/${encodeURIComponent(place.namespace)}` : "";
  const name = place.name === undefined ? "" : `/${encodeURIComponent(place.name)}`;
  return `${root}${scope}/${resource.plural}${name}`;
}
