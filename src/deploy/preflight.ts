import type { Finding } from "../action/context.ts";
import { UserError } from "../errors.ts";
import type { GpuVerdict, NodeGpus } from "./gpus.ts";
import type { Live } from "./live.ts";
import type { Revision } from "./release.ts";

/** One row of the preflight table. */
export interface Check {
  readonly name: string;
  readonly result: "pass" | "warn" | "fail" | "not looked at";
  readonly seen: string;
  /** Set with `warn` and `fail`. */
  readonly code?: string;
  readonly remedy?: string;
}

/** What preflight judges; pure data. */
export interface PreflightFacts {
  readonly namespace: string;
  readonly release: string;
  readonly chart: { readonly name: string; readonly version: string };
  readonly live: Pick<Live, "kubernetes" | "namespace">;
  readonly newest: Revision | undefined;
  /** Rights that the caller lacks, as `create leases`. */
  readonly missingRights: readonly string[];
  readonly gpus:
    | { readonly nodes: readonly NodeGpus[]; readonly verdict: GpuVerdict; readonly canGrow: boolean }
    | undefined;
  readonly surge: "auto" | "recreate" | "wait";
  /** Ready pods of the load balancer controller; `undefined`: not looked at, or Auto Mode. */
  readonly controllerPods: number | undefined;
  readonly autoMode: boolean;
  /** Ingress class that the chart names, and those that exist. */
  readonly ingressClass: { readonly wanted: readonly string[]; readonly known: readonly string[] | undefined };
  /** Secrets that pods will read and that neither exist nor are given. */
  readonly missingSecrets: readonly string[];
}

/** Every check, in the guide's order. */
export function preflight(facts: PreflightFacts): readonly Check[] {
  return [
    kubernetesVersion(facts),
    access(facts),
    namespaceState(facts),
    releaseOf(facts),
    ...gpuChecks(facts),
    controller(facts),
    ...ingressClass(facts),
    ...secrets(facts),
  ];
}

function kubernetesVersion({ live: { kubernetes } }: PreflightFacts): Check {
  const [major = 0, minor = 0] = kubernetes.split(".").map(Number);
  const name = "Kubernetes 1.29 or later";
  if (major > 1 || minor >= 29) return { name, result: "pass", seen: kubernetes };
  return {
    name,
    result: "fail",
    seen: kubernetes,
    code: "DEPLOY_KUBERNETES_OLD",
    remedy: "Upgrade the cluster: aws eks update-cluster-version.",
  };
}

function access({ missingRights, namespace }: PreflightFacts): Check {
  const name = "Rights in the cluster";
  if (missingRights.length === 0) return { name, result: "pass", seen: "all that is needed" };
  return {
    name,
    result: "fail",
    seen: `missing: ${missingRights.join(", ")}`,
    code: "DEPLOY_RIGHTS_MISSING",
    remedy: `Bind the Role and ClusterRole of docs/permissions.md to the access entry, for the namespace ${namespace}.`,
  };
}

function namespaceState({ live, namespace }: PreflightFacts): Check {
  const name = `Namespace ${namespace}`;
  if (!live.namespace) return { name, result: "pass", seen: "will be created" };
  const phase = live.namespace.status?.phase ?? "Active";
  if (phase === "Active") return { name, result: "pass", seen: "Active" };
  return {
    name,
    result: "fail",
    seen: phase,
    code: "DEPLOY_NAMESPACE_TERMINATING",
    remedy: `Wait until it is gone; what holds it: kubectl get namespace ${namespace} -o jsonpath='{.status.conditions}'`,
  };
}

function releaseOf({ newest, chart, release }: PreflightFacts): Check {
  const name = `Release ${release}`;
  if (!newest) return { name, result: "pass", seen: "not installed yet" };
  const seen = `revision ${newest.number}, ${newest.status}, ${newest.chart.name} ${newest.chart.version}`;
  if (newest.chart.name === chart.name) return { name, result: "pass", seen };
  return {
    name,
    result: "fail",
    seen,
    code: "DEPLOY_OTHER_CHART",
    remedy: `Choose another release name; this one belongs to the chart ${newest.chart.name}, not ${chart.name}.`,
  };
}

function gpuChecks({ gpus, surge }: PreflightFacts): readonly Check[] {
  const name = "GPUs for the new pods";
  if (!gpus) return [{ name, result: "not looked at", seen: "nodes or pods of the cluster may not be read" }];
  const { nodes, verdict, canGrow } = gpus;
  const all = nodes.reduce((sum, node) => sum + node.all, 0);
  const free = nodes.reduce((sum, node) => sum + node.free, 0);
  const seen = `${free} of ${all} free on ${nodes.length} nodes`;
  if (verdict.kind === "fits") return [{ name, result: "pass", seen }];
  if (verdict.kind === "deadlock") {
    const told = `${verdict.workloads.join(", ")} would need ${verdict.needed} GPUs beside the old pods, and ${verdict.free} are free`;
    if (surge === "recreate") return [{ name, result: "pass", seen: `${told}; the old pods go first` }];
    return [
      {
        name,
        result: surge === "wait" || canGrow ? "warn" : "fail",
        seen: told,
        code: "DEPLOY_SURGE_DEADLOCK",
        remedy:
          "Set surge: recreate (old pods go first, with downtime), surge: wait where capacity will come, or free GPUs.",
      },
    ];
  }
  const what =
    all === 0
      ? "no node advertises nvidia.com/gpu"
      : `${verdict.needed} needed, ${verdict.available} can be free, at most ${verdict.largest} on one node`;
  return [
    {
      name,
      result: surge === "wait" || canGrow ? "warn" : "fail",
      seen: what,
      code: all === 0 ? "DEPLOY_GPU_ABSENT" : "DEPLOY_GPU_SHORT",
      remedy:
        all === 0
          ? "Check GPU nodes and the NVIDIA GPU Operator: kubectl get pods -n gpu-operator. If nodes come later, set surge: wait."
          : "Add GPU nodes, lower gpus, remove a model, or set surge: wait where capacity will come.",
    },
  ];
}

function controller({ controllerPods, autoMode }: PreflightFacts): Check {
  const name = "Load balancer controller";
  if (autoMode) return { name, result: "pass", seen: "EKS Auto Mode has its own" };
  if (controllerPods === undefined) return { name, result: "not looked at", seen: "kube-system may not be read" };
  if (controllerPods > 0) return { name, result: "pass", seen: `${controllerPods} ready` };
  return {
    name,
    result: "fail",
    seen: "no ready pod",
    code: "DEPLOY_WEBHOOK_DOWN",
    remedy:
      "Its webhook refuses every Service and Ingress: kubectl get pods -n kube-system -l app.kubernetes.io/name=aws-load-balancer-controller",
  };
}

function ingressClass({ ingressClass: { wanted, known } }: PreflightFacts): readonly Check[] {
  if (!known)
    return wanted.length > 0 ? [{ name: "Ingress class", result: "not looked at", seen: "may not be read" }] : [];
  return [...new Set(wanted)].map((name): Check => {
    if (known.includes(name)) return { name: `Ingress class ${name}`, result: "pass", seen: "there" };
    return {
      name: `Ingress class ${name}`,
      result: "fail",
      seen: `not there; there are ${known.join(", ") || "none"}`,
      code: "DEPLOY_INGRESS_CLASS",
      remedy: "Install the AWS Load Balancer Controller, or correct ingress.className.",
    };
  });
}

function secrets({ missingSecrets, namespace }: PreflightFacts): readonly Check[] {
  return missingSecrets.map((secret) => ({
    name: `Secret ${secret}`,
    result: "fail",
    seen: `pods read it, and it is neither in ${namespace} nor given`,
    code: "DEPLOY_SECRET_MISSING",
    remedy: "Give api-key or api-key-from, or turn authentication off in the values.",
  }));
}

/** Accepted codes become warnings. */
export function accepting(checks: readonly Check[], accepted: readonly string[]): readonly Check[] {
  return checks.map((check) =>
    check.result === "fail" && check.code && accepted.includes(check.code) ? { ...check, result: "warn" } : check,
  );
}

/** Warnings for annotations. */
export function warningsOf(checks: readonly Check[]): readonly Finding[] {
  return checks
    .filter((check) => check.result === "warn")
    .map((check) => ({
      code: check.code ?? "DEPLOY_PREFLIGHT",
      level: "warning",
      happened: `${check.name}: ${check.seen}.`,
      next: check.remedy ?? "",
    }));
}

/** The refusal before the first write; `undefined` when nothing fails. */
export function preflightFailure(checks: readonly Check[]): UserError | undefined {
  const failed = checks.filter((check) => check.result === "fail");
  const [first] = failed;
  if (!first) return undefined;
  const lines = failed.map((check) => `${check.name}: ${check.seen} [${check.code}]`);
  return new UserError(failed.length === 1 ? (first.code ?? "DEPLOY_PREFLIGHT") : "DEPLOY_PREFLIGHT", {
    happened: `${failed.length === 1 ? lines[0] : `${failed.length} checks fail:\n${lines.map((line) => `  - ${line}`).join("\n")}`}. Nothing was written.`,
    next: [
      ...new Set(failed.map((check) => check.remedy ?? "")),
      `To go on all the same: accept: ${failed.map((check) => check.code).join(", ")}`,
    ].join("\n"),
  });
}
