import type { IncomingHttpHeaders } from "node:http";
import type { Kind } from "./kinds.ts";
import type { KubeObject } from "./objects.ts";
import { ApiError, qualified, unauthorized } from "./status.ts";
import type { Store } from "./store.ts";

/** Who a token stands for. */
export interface Identity {
  readonly user: string;
  readonly groups: readonly string[];
  /** EKS access policies associated with the caller's access entry. */
  readonly policies?: readonly AccessPolicy[];
}

export interface AccessPolicy {
  /** `AmazonEKSClusterAdminPolicy`, `AmazonEKSAdminPolicy`, `AmazonEKSEditPolicy`, `AmazonEKSViewPolicy`, `AmazonEKSAdminViewPolicy`. */
  readonly name: string;
  /** Absent: the whole cluster. */
  readonly namespaces?: readonly string[];
}

export type Authenticate = (token: string) => Identity | undefined | Promise<Identity | undefined>;

/** What a request wants to do, in the authorizer's terms. */
export interface Attributes {
  readonly verb: string;
  readonly kind?: Kind;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** For paths that are no resource. */
  readonly path?: string;
}

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}
interface Role extends KubeObject {
  readonly rules?: readonly Rule[];
}
interface Binding extends KubeObject {
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
  readonly roleRef: { readonly kind: string; readonly name: string };
}

const anonymous: Identity = { user: "system:anonymous", groups: ["system:unauthenticated"] };

/** The caller of a request: 401 for a token that nobody knows, `system:anonymous` without one. */
export async function authenticate(headers: IncomingHttpHeaders, check: Authenticate): Promise<Identity> {
  const { authorization } = headers;
  if (authorization === undefined) return anonymous;
  const token = /^Bearer (\S+)$/i.exec(authorization)?.[1];
  const identity = token === undefined ? undefined : await check(token);
  if (!identity) throw unauthorized();
  return { ...identity, groups: [...identity.groups, "system:authenticated"] };
}

const read = ["get", "list", "watch"];
const everything: Rule = { apiGroups: ["*"], resources: ["*"], verbs: ["*"] };
const workloads: readonly Rule[] = [
  {
    apiGroups: [""],
    resources: [
      "configmaps",
      "endpoints",
      "events",
      "persistentvolumeclaims",
      "pods",
      "pods/log",
      "replicationcontrollers",
      "resourcequotas",
      "limitranges",
      "serviceaccounts",
      "services",
      "namespaces",
      "pods/status",
    ],
    verbs: read,
  },
  {
    apiGroups: ["apps", "autoscaling", "batch", "policy", "networking.k8s.io", "discovery.k8s.io"],
    resources: [
      "deployments",
      "replicasets",
      "statefulsets",
      "daemonsets",
      "deployments/scale",
      "deployments/status",
      "replicasets/scale",
      "replicasets/status",
      "horizontalpodautoscalers",
      "jobs",
      "poddisruptionbudgets",
      "ingresses",
      "ingresses/status",
      "networkpolicies",
      "endpointslices",
    ],
    verbs: read,
  },
];
const change = ["create", "update", "patch", "delete", "deletecollection"];
const editing: readonly Rule[] = [
  {
    apiGroups: [""],
    resources: [
      "configmaps",
      "persistentvolumeclaims",
      "pods",
      "serviceaccounts",
      "services",
      "replicationcontrollers",
    ],
    verbs: change,
  },
  { apiGroups: [""], resources: ["secrets"], verbs: [...read, ...change] },
  {
    apiGroups: ["apps", "autoscaling", "batch", "policy", "networking.k8s.io"],
    resources: [
      "deployments",
      "replicasets",
      "statefulsets",
      "daemonsets",
      "deployments/scale",
      "replicasets/scale",
      "horizontalpodautoscalers",
      "jobs",
      "poddisruptionbudgets",
      "ingresses",
      "networkpolicies",
    ],
    verbs: change,
  },
];
const administering: Rule = {
  apiGroups: ["rbac.authorization.k8s.io"],
  resources: ["roles", "rolebindings"],
  verbs: [...read, ...change],
};

/** What EKS's access policies grant, in the parts that a release meets; none but the two widest shows nodes. */
const policyRules: Readonly<Record<string, readonly Rule[]>> = {
  AmazonEKSClusterAdminPolicy: [everything],
  AmazonEKSAdminPolicy: [...workloads, ...editing, administering],
  AmazonEKSEditPolicy: [...workloads, ...editing],
  AmazonEKSViewPolicy: workloads,
  AmazonEKSAdminViewPolicy: [{ apiGroups: ["*"], resources: ["*"], verbs: read }],
};

/** Roles that every cluster has. */
export const bootstrapRoles: Readonly<Record<string, readonly Rule[]>> = {
  "cluster-admin": [everything],
  admin: [...workloads, ...editing, administering],
  edit: [...workloads, ...editing],
  view: workloads,
};

const openPaths = /^\/(healthz|livez|readyz|version)(\/|$)/;
const discoveryPaths = /^\/(api|apis|openapi|healthz|livez|readyz|version)(\/|$)/;

/** RBAC by the roles and bindings in the store, and EKS's access policies. */
export class Authorizer {
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  allows(identity: Identity, wanted: Attributes): boolean {
    if (identity.groups.includes("system:masters")) return true;
    if (wanted.path !== undefined) {
      const open = identity.groups.includes("system:authenticated") ? discoveryPaths : openPaths;
      return open.test(wanted.path) && wanted.verb === "get";
    }
    if (wanted.kind?.virtual) return identity.groups.includes("system:authenticated");
    for (const { name, namespaces } of identity.policies ?? []) {
      if (namespaces && !(wanted.namespace !== undefined && namespaces.includes(wanted.namespace))) continue;
      if (policyRules[name]?.some((rule) => grants(rule, wanted))) return true;
    }
    return this.rules(identity, wanted.namespace).some((rule) => grants(rule, wanted));
  }

  /** Throws the real server's 403 where the identity may not. */
  require(identity: Identity, wanted: Attributes): void {
    if (this.allows(identity, wanted)) return;
    if (wanted.path !== undefined || !wanted.kind) {
      throw new ApiError(
        403,
        "Forbidden",
        `forbidden: User ${JSON.stringify(identity.user)} cannot ${wanted.verb} path ${JSON.stringify(wanted.path)}`,
        {},
      );
    }
    const { kind } = wanted;
    const resource = wanted.subresource ? `${kind.resource}/${wanted.subresource}` : kind.resource;
    const scope =
      wanted.namespace === undefined ? "at the cluster scope" : `in the namespace ${JSON.stringify(wanted.namespace)}`;
    const subject = wanted.name ? `${qualified(kind)} ${JSON.stringify(wanted.name)}` : qualified(kind);
    throw new ApiError(
      403,
      "Forbidden",
      `${subject} is forbidden: User ${JSON.stringify(identity.user)} cannot ${wanted.verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(kind.group)} ${scope}`,
      {
        ...(wanted.name ? { name: wanted.name } : {}),
        ...(kind.group ? { group: kind.group } : {}),
        kind: kind.resource,
      },
    );
  }

  private rules(identity: Identity, namespace: string | undefined): readonly Rule[] {
    const bindings = [
      ...this.store.list<Binding>("clusterrolebindings"),
      ...(namespace === undefined ? [] : this.store.list<Binding>("rolebindings", namespace)),
    ];
    return bindings
      .filter((binding) => (binding.subjects ?? []).some((subject) => isSubject(subject, identity)))
      .flatMap(({ roleRef, metadata }) => {
        if (roleRef.kind === "ClusterRole")
          return this.store.get<Role>("clusterroles", undefined, roleRef.name)?.rules ?? [];
        return this.store.get<Role>("roles", metadata.namespace, roleRef.name)?.rules ?? [];
      });
  }
}

function isSubject(subject: { kind: string; name: string; namespace?: string }, identity: Identity): boolean {
  if (subject.kind === "Group") return identity.groups.includes(subject.name);
  const user =
    subject.kind === "ServiceAccount" ? `system:serviceaccount:${subject.namespace}:${subject.name}` : subject.name;
  return identity.user === user;
}

function grants(rule: Rule, { verb, kind, subresource, name }: Attributes): boolean {
  if (!kind) return false;
  const resource = subresource ? `${kind.resource}/${subresource}` : kind.resource;
  const has = (list: readonly string[] | undefined, value: string) => list?.includes("*") || list?.includes(value);
  if (!has(rule.verbs, verb) || !has(rule.apiGroups, kind.group) || !has(rule.resources, resource)) return false;
  return !rule.resourceNames?.length || (name !== undefined && rule.resourceNames.includes(name));
}
