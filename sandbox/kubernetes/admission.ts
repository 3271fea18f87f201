import type { Kind } from "./kinds.ts";
import { kindOf } from "./kinds.ts";
import type { KubeObject } from "./objects.ts";
import { quantityOf } from "./quantity.ts";
import type { LabelSelector } from "./selectors.ts";
import { selects } from "./selectors.ts";
import { ApiError, forbidden, internal, notFound } from "./status.ts";
import type { Store } from "./store.ts";
import type { Container, EndpointSlice, Namespace, Pod, ResourceQuota } from "./types.ts";

export interface AdmissionRequest {
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  readonly kind: Kind;
  readonly object: KubeObject;
  readonly old?: KubeObject;
  readonly user: string;
  readonly dryRun: boolean;
}

interface Webhook {
  readonly name: string;
  readonly clientConfig: {
    readonly service?: {
      readonly name: string;
      readonly namespace: string;
      readonly path?: string;
      readonly port?: number;
    };
  };
  readonly rules?: readonly {
    readonly operations: readonly string[];
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
  }[];
  readonly failurePolicy?: "Fail" | "Ignore";
  readonly namespaceSelector?: LabelSelector;
  readonly timeoutSeconds?: number;
}
interface WebhookConfiguration extends KubeObject {
  readonly webhooks?: readonly Webhook[];
}

/** Answers a webhook whose service has ready endpoints: a refusal's text, or undefined to let it pass. */
export type WebhookServer = (webhook: string, request: AdmissionRequest) => string | undefined;

/** Admission control, in the real server's order: mutation, then (after validation) quota, namespace life, Pod Security and webhooks. */
export class Admission {
  private readonly store: Store;
  private readonly server: WebhookServer;

  constructor(store: Store, server: WebhookServer) {
    this.store = store;
    this.server = server;
  }

  /** Checks the namespace and fills in what admission plugins fill in; changes `request.object`. */
  mutate(request: AdmissionRequest): void {
    const { kind, object, operation } = request;
    if (operation === "CREATE" && kind.namespaced) this.namespaceLife(kind, object);
    if (operation === "CREATE" && kind.resource === "pods") this.podDefaults(object as Pod);
    this.webhooks("mutatingwebhookconfigurations", request);
  }

  /** Refuses what may not be stored. */
  admit(request: AdmissionRequest): void {
    if (request.operation === "CREATE" && request.kind.resource === "pods") {
      this.podSecurity(request.object as Pod);
      this.quota(request.object as Pod);
    }
    this.webhooks("validatingwebhookconfigurations", request);
  }

  private namespaceLife(kind: Kind, { metadata }: KubeObject): void {
    const name = metadata.namespace ?? "";
    const namespace = this.store.get<Namespace>("namespaces", undefined, name);
    if (!namespace) throw notFound(kindOf("namespaces"), name);
    if (namespace.status?.phase !== "Terminating") return;
    const why = `unable to create new content in namespace ${name} because it is being terminated`;
    const message = `namespace ${name} is being terminated`;
    throw forbidden(kind, metadata.name, why, [
      { reason: "NamespaceTerminating", message, field: "metadata.namespace" },
    ]);
  }

  private podDefaults(pod: Pod): void {
    const namespace = pod.metadata.namespace ?? "";
    pod.spec.serviceAccountName ??= "default";
    pod.spec.serviceAccount ??= pod.spec.serviceAccountName;
    const account = this.store.get("serviceaccounts", namespace, pod.spec.serviceAccountName);
    if (!account) {
      const name = pod.spec.serviceAccountName;
      throw forbidden(
        kindOf("pods"),
        pod.metadata.name,
        `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`,
      );
    }
    pod.spec.enableServiceLinks ??= true;
    pod.spec.preemptionPolicy ??= "PreemptLowerPriority";
    pod.spec.priority ??= 0;
    pod.spec.tolerations ??= [];
    for (const key of ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]) {
      if (pod.spec.tolerations.some((toleration) => toleration.key === key)) continue;
      pod.spec.tolerations.push({
        key,
        operator: "Exists",
        effect: "NoExecute",
        tolerationSeconds: 300,
      } as (typeof pod.spec.tolerations)[0]);
    }
    pod.status = { phase: "Pending", qosClass: qosClass(pod) };
    this.podIdentity(pod, account);
  }

  /** What EKS's pod identity webhook injects where the service account names a role. */
  private podIdentity(pod: Pod, account: KubeObject): void {
    const role = account.metadata.annotations?.["eks.amazonaws.com/role-arn"];
    if (!role) return;
    const injected = {
      AWS_ROLE_ARN: role,
      AWS_WEB_IDENTITY_TOKEN_FILE: "/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
    };
    for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
      container.env ??= [];
      for (const [name, value] of Object.entries(injected)) {
        if (!container.env.some((variable) => variable.name === name)) container.env.push({ name, value });
      }
    }
  }

  private quota(pod: Pod): void {
    const wanted = podRequests(pod);
    for (const quota of this.store.list<ResourceQuota>("resourcequotas", pod.metadata.namespace)) {
      const used = usedIn(this.store, quota);
      const over = Object.entries(quota.spec?.hard ?? {}).filter(
        ([name, hard]) => wanted.has(name) && (used.get(name) ?? 0) + (wanted.get(name) ?? 0) > quantityOf(hard),
      );
      if (over.length === 0) continue;
      const list = (of: (name: string, hard: string) => string | number) =>
        over.map(([name, hard]) => `${name}=${of(name, hard)}`).join(",");
      throw forbidden(
        kindOf("pods"),
        pod.metadata.name,
        `exceeded quota: ${quota.metadata.name}, requested: ${list((name) => wanted.get(name) ?? 0)}, used: ${list((name) => used.get(name) ?? 0)}, limited: ${list((_, hard) => hard)}`,
      );
    }
  }

  /** Pod Security's `restricted`, in the points that a model server's pod can fail. */
  private podSecurity(pod: Pod): void {
    const namespace = this.store.get<Namespace>("namespaces", undefined, pod.metadata.namespace ?? "");
    if (namespace?.metadata.labels?.["pod-security.kubernetes.io/enforce"] !== "restricted") return;
    const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
    const podContext = pod.spec.securityContext ?? {};
    const failing = (test: (context: Record<string, unknown>) => boolean) =>
      containers.filter((container) => !test(contextOf(container))).map(({ name }) => name);
    const findings: string[] = [];
    const report = (names: readonly string[], title: string, must: string) => {
      if (names.length === 0) return;
      const subject =
        names.length === 1 ? `container "${names[0]}"` : `containers ${names.map((name) => `"${name}"`).join(", ")}`;
      findings.push(`${title} (${subject} must set ${must})`);
    };
    report(
      failing((context) => context["allowPrivilegeEscalation"] === false),
      "allowPrivilegeEscalation != false",
      "securityContext.allowPrivilegeEscalation=false",
    );
    report(
      failing((context) => dropsAll(context["capabilities"])),
      "unrestricted capabilities",
      'securityContext.capabilities.drop=["ALL"]',
    );
    report(
      failing((context) => (context["runAsNonRoot"] ?? podContext["runAsNonRoot"]) === true),
      "runAsNonRoot != true",
      "securityContext.runAsNonRoot=true",
    );
    report(
      failing((context) => (context["seccompProfile"] ?? podContext["seccompProfile"]) !== undefined),
      "seccompProfile",
      'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"',
    );
    if (findings.length > 0) {
      throw forbidden(
        kindOf("pods"),
        pod.metadata.name,
        `violates PodSecurity "restricted:latest": ${findings.join(", ")}`,
      );
    }
  }

  private webhooks(resource: string, request: AdmissionRequest): void {
    for (const configuration of this.store.list<WebhookConfiguration>(resource)) {
      for (const webhook of configuration.webhooks ?? []) {
        if (this.concerns(webhook, request)) this.call(webhook, request);
      }
    }
  }

  private concerns(webhook: Webhook, { kind, operation, object }: AdmissionRequest): boolean {
    const namespace = this.store.get("namespaces", undefined, object.metadata.namespace ?? "");
    const { namespaceSelector } = webhook;
    const selective = Object.keys(namespaceSelector ?? {}).length > 0;
    if (selective && !selects(namespaceSelector, namespace?.metadata.labels)) return false;
    return (webhook.rules ?? []).some(
      (rule) =>
        (rule.operations.includes("*") || rule.operations.includes(operation)) &&
        (rule.apiGroups.includes("*") || rule.apiGroups.includes(kind.group)) &&
        (rule.resources.includes("*") || rule.resources.includes(kind.resource)),
    );
  }

  private call(webhook: Webhook, request: AdmissionRequest): void {
    const { service } = webhook.clientConfig;
    const url = `https://${service?.name}.${service?.namespace}.svc:${service?.port ?? 443}${service?.path ?? "/"}?timeout=${webhook.timeoutSeconds ?? 10}s`;
    const slices = this.store
      .list<EndpointSlice>("endpointslices", service?.namespace)
      .filter((slice) => slice.metadata.labels?.["kubernetes.io/service-name"] === service?.name);
    if (!slices.some((slice) => slice.endpoints.some((endpoint) => endpoint.conditions.ready))) {
      if (webhook.failurePolicy === "Ignore") return;
      throw internal(
        `failed calling webhook "${webhook.name}": failed to call webhook: Post "${url}": no endpoints available for service "${service?.name}"`,
      );
    }
    const refusal = this.server(webhook.name, request);
    if (refusal === undefined) return;
    throw new ApiError(400, "BadRequest", `admission webhook "${webhook.name}" denied the request: ${refusal}`);
  }
}

function contextOf(container: Container): Record<string, unknown> {
  return (container as { securityContext?: Record<string, unknown> }).securityContext ?? {};
}

function dropsAll(capabilities: unknown): boolean {
  const { drop } = (capabilities ?? {}) as { drop?: readonly string[] };
  return drop?.includes("ALL") ?? false;
}

/** Resources that quotas count: `requests.<name>`, `pods`, and the bare names. */
export function podRequests(pod: Pod): Map<string, number> {
  const sums = new Map<string, number>([["pods", 1]]);
  const main = new Map<string, number>();
  for (const container of pod.spec.containers) {
    for (const [name, value] of Object.entries(container.resources?.requests ?? {})) {
      main.set(name, (main.get(name) ?? 0) + quantityOf(value));
    }
  }
  for (const container of pod.spec.initContainers ?? []) {
    for (const [name, value] of Object.entries(container.resources?.requests ?? {})) {
      main.set(name, Math.max(main.get(name) ?? 0, quantityOf(value)));
    }
  }
  for (const [name, value] of main) {
    sums.set(`requests.${name}`, value);
    if (name === "cpu" || name === "memory") sums.set(name, value);
  }
  return sums;
}

/** What the quota's namespace uses of it now. */
export function usedIn(store: Store, quota: ResourceQuota): Map<string, number> {
  const used = new Map<string, number>();
  for (const pod of store.list<Pod>("pods", quota.metadata.namespace)) {
    if (pod.status.phase === "Succeeded" || pod.status.phase === "Failed") continue;
    for (const [name, value] of podRequests(pod)) used.set(name, (used.get(name) ?? 0) + value);
  }
  return used;
}

function qosClass(pod: Pod): string {
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map(
    (container) => container.resources ?? {},
  );
  const guaranteed = all.every(({ limits, requests }) =>
    ["cpu", "memory"].every(
      (name) => limits?.[name] !== undefined && (requests?.[name] ?? limits[name]) === limits[name],
    ),
  );
  if (guaranteed) return "Guaranteed";
  const any = all.some(({ limits, requests }) => ["cpu", "memory"].some((name) => limits?.[name] ?? requests?.[name]));
  return any ? "Burstable" : "BestEffort";
}
