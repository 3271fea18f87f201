import type { Namespace, PodSpec, ResourceQuota } from "../../cluster/objects.ts";
import { quantity } from "../quantity.ts";
import { gpuResource, gpusOf, type Workload } from "../workloads.ts";
import { type Check, failed, notLookedAt, passed } from "./check.ts";

/** Pods that a release starts beside those that are there. */
export interface StartingPods {
  readonly workload: Workload;
  readonly pods: number;
}

/** What the checks of the namespace rest on. */
export interface NamespaceFacts {
  readonly name: string;
  readonly namespace: Namespace | undefined;
  /** `undefined`: they may not be listed. */
  readonly quotas: readonly ResourceQuota[] | undefined;
  readonly starting: readonly StartingPods[];
  readonly workloads: readonly Workload[];
}

/** Quotas against what starts, and the Pod Security level against the rendered pods. */
export function namespaceChecks(facts: NamespaceFacts): readonly Check[] {
  return facts.namespace ? [...quotaChecks(facts), ...podSecurity(facts)] : [];
}

function quotaChecks({ quotas, starting, name: namespace }: NamespaceFacts): readonly Check[] {
  if (!quotas) return [notLookedAt("Quotas", "they may not be listed")];
  return quotas.map(({ metadata, status }) => {
    const name = `Quota ${metadata.name}`;
    const over = Object.entries(status?.hard ?? {}).flatMap(([resource, hard]) => {
      const wanted = starting.reduce(
        (sum, { workload, pods }) => sum + pods * demand(resource, workload.object.spec.template.spec),
        0,
      );
      const [limit, used] = [quantity(hard), quantity(status?.used?.[resource]) ?? 0];
      return limit !== undefined && wanted > 0 && used + wanted > limit
        ? [`${resource}: ${used} of ${hard} used, the new pods ask for ${wanted} more`]
        : [];
    });
    if (over.length === 0) return passed(name, "the new pods fit");
    return failed(
      name,
      "DEPLOY_QUOTA",
      over.join("; "),
      `Raise it, or free what others use: kubectl describe quota ${metadata.name} -n ${namespace}. With surge: recreate old pods give their share back first.`,
    );
  });
}

/** What one pod takes of a quota's resource; 0 for resources that no pod counts in. */
function demand(resource: string, spec: PodSpec): number {
  if (resource === "pods" || resource === "count/pods") return 1;
  const [, part, of] = /^(?:(requests|limits)\.)?(.+)$/.exec(resource) ?? [];
  if (of === gpuResource) return gpusOf(spec);
  if (of !== "cpu" && of !== "memory" && of !== "ephemeral-storage") return 0;
  return spec.containers.reduce((sum, { resources = {} }) => {
    const list = part === "limits" ? resources.limits : (resources.requests ?? resources.limits);
    return sum + (quantity(list?.[of]) ?? 0);
  }, 0);
}

const enforce = "pod-security.kubernetes.io/enforce";

function podSecurity({ namespace, workloads }: NamespaceFacts): readonly Check[] {
  const level = namespace?.metadata.labels?.[enforce] ?? "privileged";
  if (level !== "baseline" && level !== "restricted") return [];
  const name = `Pod Security level ${level}`;
  const broken = workloads.flatMap((workload) => {
    const rules = violations(workload.object.spec.template.spec, level);
    return rules.length > 0 ? [`${workload.model}: ${rules.join(", ")}`] : [];
  });
  if (broken.length === 0) return [passed(name, "every pod keeps to it")];
  return [
    failed(
      name,
      "DEPLOY_POD_SECURITY",
      broken.join("; "),
      "Set podSecurityContext and securityContext in the values, or lower the namespace's level.",
    ),
  ];
}

/** The rules of a level that a pod breaks, by the field at fault (https://kubernetes.io/docs/concepts/security/pod-security-standards/). */
export function violations(spec: PodSpec, level: "baseline" | "restricted"): readonly string[] {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const pod = spec.securityContext ?? {};
  const some = (rule: (context: NonNullable<PodSpec["containers"][number]["securityContext"]>) => boolean) =>
    containers.some((container) => rule(container.securityContext ?? {}));
  const added = (allowed: readonly string[]) =>
    some((context) => (context.capabilities?.add ?? []).some((name) => !allowed.includes(name)));
  const seccomp = (context: typeof pod) => context.seccompProfile?.type ?? pod.seccompProfile?.type;
  const restricted = level === "restricted";
  const rules: readonly (readonly [string, boolean])[] = [
    ["hostNetwork", spec.hostNetwork === true],
    ["hostPID", spec.hostPID === true],
    ["hostIPC", spec.hostIPC === true],
    ["hostPath volume", (spec.volumes ?? []).some((volume) => volume.hostPath !== undefined)],
    ["hostPort", containers.some((container) => (container.ports ?? []).some((port) => (port.hostPort ?? 0) > 0))],
    ["privileged", some((context) => context.privileged === true)],
    ["capabilities.add", added(restricted ? ["NET_BIND_SERVICE"] : baselineCapabilities)],
    ["seccompProfile Unconfined", some((context) => seccomp(context) === "Unconfined")],
    [
      "allowPrivilegeEscalation is not false",
      restricted && some((context) => context.allowPrivilegeEscalation !== false),
    ],
    ["capabilities.drop lacks ALL", restricted && some((context) => !context.capabilities?.drop?.includes("ALL"))],
    ["runAsNonRoot is not true", restricted && some((context) => (context.runAsNonRoot ?? pod.runAsNonRoot) !== true)],
    ["runAsUser is 0", restricted && some((context) => (context.runAsUser ?? pod.runAsUser) === 0)],
    ["seccompProfile is not set", restricted && some((context) => seccomp(context) === undefined)],
  ];
  return rules.filter(([, broken]) => broken).map(([rule]) => rule);
}

const baselineCapabilities: readonly string[] = [
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
];
