/** A row of the table of resources that this server has. */
export interface Kind {
  /** `""` is the core group. */
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly string[];
  /** Review kinds are answered, not stored. */
  readonly virtual: boolean;
}

type Options = Partial<
  Pick<Kind, "shortNames" | "categories" | "subresources" | "namespaced" | "virtual" | "singular">
>;

function row(groupVersion: string, resource: string, kind: string, options: Options = {}): Kind {
  const [group, version] = groupVersion.includes("/") ? groupVersion.split("/") : ["", groupVersion];
  return {
    group: group ?? "",
    version: version ?? "",
    resource,
    kind,
    singular: kind.toLowerCase(),
    namespaced: true,
    shortNames: [],
    categories: [],
    subresources: [],
    virtual: false,
    ...options,
  };
}

const cluster = { namespaced: false };
const review = { virtual: true, namespaced: false };

/** Every resource, in the order of discovery. What a release needs and what its tools look at; nothing else. */
export const kinds: readonly Kind[] = [
  row("v1", "configmaps", "ConfigMap", { shortNames: ["cm"] }),
  row("v1", "endpoints", "Endpoints", { shortNames: ["ep"] }),
  row("v1", "events", "Event", { shortNames: ["ev"] }),
  row("v1", "limitranges", "LimitRange", { shortNames: ["limits"] }),
  row("v1", "namespaces", "Namespace", { ...cluster, shortNames: ["ns"], subresources: ["status", "finalize"] }),
  row("v1", "nodes", "Node", { ...cluster, shortNames: ["no"], subresources: ["status"] }),
  row("v1", "persistentvolumeclaims", "PersistentVolumeClaim", { shortNames: ["pvc"], subresources: ["status"] }),
  row("v1", "pods", "Pod", { shortNames: ["po"], categories: ["all"], subresources: ["log", "status"] }),
  row("v1", "replicationcontrollers", "ReplicationController", { shortNames: ["rc"], categories: ["all"] }),
  row("v1", "resourcequotas", "ResourceQuota", { shortNames: ["quota"], subresources: ["status"] }),
  row("v1", "secrets", "Secret"),
  row("v1", "serviceaccounts", "ServiceAccount", { shortNames: ["sa"] }),
  row("v1", "services", "Service", { shortNames: ["svc"], categories: ["all"], subresources: ["status"] }),
  row("admissionregistration.k8s.io/v1", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", cluster),
  row("admissionregistration.k8s.io/v1", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", cluster),
  row("apps/v1", "daemonsets", "DaemonSet", { shortNames: ["ds"], categories: ["all"], subresources: ["status"] }),
  row("apps/v1", "deployments", "Deployment", {
    shortNames: ["deploy"],
    categories: ["all"],
    subresources: ["status", "scale"],
  }),
  row("apps/v1", "replicasets", "ReplicaSet", {
    shortNames: ["rs"],
    categories: ["all"],
    subresources: ["status", "scale"],
  }),
  row("apps/v1", "statefulsets", "StatefulSet", { shortNames: ["sts"], categories: ["all"], subresources: ["status"] }),
  row("authentication.k8s.io/v1", "selfsubjectreviews", "SelfSubjectReview", review),
  row("authorization.k8s.io/v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", review),
  row("autoscaling/v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", {
    shortNames: ["hpa"],
    categories: ["all"],
    subresources: ["status"],
  }),
  row("batch/v1", "jobs", "Job", { categories: ["all"], subresources: ["status"] }),
  row("coordination.k8s.io/v1", "leases", "Lease"),
  row("discovery.k8s.io/v1", "endpointslices", "EndpointSlice"),
  row("elbv2.k8s.aws/v1beta1", "ingressclassparams", "IngressClassParams", {
    ...cluster,
    singular: "ingressclassparams",
  }),
  row("karpenter.sh/v1", "nodepools", "NodePool", { ...cluster, categories: ["karpenter"], subresources: ["status"] }),
  row("networking.k8s.io/v1", "ingressclasses", "IngressClass", cluster),
  row("networking.k8s.io/v1", "ingresses", "Ingress", { shortNames: ["ing"], subresources: ["status"] }),
  row("networking.k8s.io/v1", "networkpolicies", "NetworkPolicy", { shortNames: ["netpol"] }),
  row("nvidia.com/v1", "clusterpolicies", "ClusterPolicy", { ...cluster, subresources: ["status"] }),
  row("policy/v1", "poddisruptionbudgets", "PodDisruptionBudget", { shortNames: ["pdb"], subresources: ["status"] }),
  row("rbac.authorization.k8s.io/v1", "clusterrolebindings", "ClusterRoleBinding", cluster),
  row("rbac.authorization.k8s.io/v1", "clusterroles", "ClusterRole", cluster),
  row("rbac.authorization.k8s.io/v1", "rolebindings", "RoleBinding"),
  row("rbac.authorization.k8s.io/v1", "roles", "Role"),
  row("resource.k8s.io/v1", "resourceslices", "ResourceSlice", cluster),
];

const byResource = new Map(kinds.map((kind) => [kind.resource, kind]));
const byKind = new Map(kinds.map((kind) => [`${apiVersionOf(kind)} ${kind.kind}`, kind]));

/** `apps/v1`, or `v1` in the core group. */
export function apiVersionOf(kind: Pick<Kind, "group" | "version">): string {
  return kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
}

/** The row of a resource of this table (names are unique here across groups); for code that names it itself. */
export function kindOf(resource: string): Kind {
  const kind = byResource.get(resource);
  if (!kind) throw new Error(`the sandbox has no resource ${resource}`);
  return kind;
}

/** The row for a path's group, version and resource. */
export function findResource(group: string, version: string, resource: string): Kind | undefined {
  const kind = byResource.get(resource);
  return kind?.group === group && kind.version === version ? kind : undefined;
}

/** The row for an object's apiVersion and kind. */
export function findKind(apiVersion: string, kind: string): Kind | undefined {
  return byKind.get(`${apiVersion} ${kind}`);
}
