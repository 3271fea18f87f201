import type { Live } from "../live.ts";
import type { Revision } from "../release.ts";
import { type Check, failed, notLookedAt, passed } from "./check.ts";

/** What the checks of cluster, namespace and release rest on. */
export interface ClusterFacts {
  readonly namespace: string;
  readonly release: string;
  readonly chart: { readonly name: string; readonly version: string };
  readonly live: Pick<Live, "kubernetes" | "namespace">;
  readonly newest: Revision | undefined;
  /** Rights that the caller lacks, as `create leases`. */
  readonly missingRights: readonly string[];
  /** Ready pods of the load balancer controller; `undefined`: not looked at, or Auto Mode. */
  readonly controllerPods: number | undefined;
  readonly autoMode: boolean;
  /** Ingress class that the chart names, and those that exist. */
  readonly ingressClass: { readonly wanted: readonly string[]; readonly known: readonly string[] | undefined };
  /** Secrets that pods will read and that neither exist nor are given. */
  readonly missingSecrets: readonly string[];
}

/** Version, rights, namespace and release. */
export function clusterChecks(facts: ClusterFacts): readonly Check[] {
  return [kubernetesVersion(facts), access(facts), namespaceState(facts), releaseOf(facts)];
}

/** The load balancer controller and its class. */
export function ingressChecks(facts: ClusterFacts): readonly Check[] {
  return [controller(facts), ...ingressClass(facts)];
}

function kubernetesVersion({ live: { kubernetes } }: ClusterFacts): Check {
  const [major = 0, minor = 0] = kubernetes.split(".").map(Number);
  const name = "Kubernetes 1.29 or later";
  if (major > 1 || minor >= 29) return passed(name, kubernetes);
  return failed(name, "DEPLOY_KUBERNETES_OLD", kubernetes, "Upgrade the cluster: aws eks update-cluster-version.");
}

function access({ missingRights, namespace }: ClusterFacts): Check {
  const name = "Rights in the cluster";
  if (missingRights.length === 0) return passed(name, "all that is needed");
  return failed(
    name,
    "DEPLOY_RIGHTS_MISSING",
    `missing: ${missingRights.join(", ")}`,
    `Bind the Role and ClusterRole of docs/permissions.md to the access entry, for the namespace ${namespace}.`,
  );
}

function namespaceState({ live, namespace }: ClusterFacts): Check {
  const name = `Namespace ${namespace}`;
  if (!live.namespace) return passed(name, "will be created");
  const phase = live.namespace.status?.phase ?? "Active";
  if (phase === "Active") return passed(name, "Active");
  return failed(
    name,
    "DEPLOY_NAMESPACE_TERMINATING",
    phase,
    `Wait until it is gone; what holds it: kubectl get namespace ${namespace} -o jsonpath='{.status.conditions}'`,
  );
}

function releaseOf({ newest, chart, release }: ClusterFacts): Check {
  const name = `Release ${release}`;
  if (!newest) return passed(name, "not installed yet");
  const seen = `revision ${newest.number}, ${newest.status}, ${newest.chart.name} ${newest.chart.version}`;
  if (newest.chart.name === chart.name) return passed(name, seen);
  return failed(
    name,
    "DEPLOY_OTHER_CHART",
    seen,
    `Choose another release name; this one belongs to the chart ${newest.chart.name}, not ${chart.name}.`,
  );
}

function controller({ controllerPods, autoMode }: ClusterFacts): Check {
  const name = "Load balancer controller";
  if (autoMode) return passed(name, "EKS Auto Mode has its own");
  if (controllerPods === undefined) return notLookedAt(name, "kube-system may not be read");
  if (controllerPods > 0) return passed(name, `${controllerPods} ready`);
  return failed(
    name,
    "DEPLOY_WEBHOOK_DOWN",
    "no ready pod",
    "Its webhook refuses every Service and Ingress: kubectl get pods -n kube-system -l app.kubernetes.io/name=aws-load-balancer-controller",
  );
}

function ingressClass({ ingressClass: { wanted, known } }: ClusterFacts): readonly Check[] {
  if (!known) return wanted.length > 0 ? [notLookedAt("Ingress class", "may not be read")] : [];
  return [...new Set(wanted)].map((name): Check => {
    if (known.includes(name)) return passed(`Ingress class ${name}`, "there");
    return failed(
      `Ingress class ${name}`,
      "DEPLOY_INGRESS_CLASS",
      `not there; there are ${known.join(", ") || "none"}`,
      "Install the AWS Load Balancer Controller, or correct ingress.className.",
    );
  });
}

/** Secrets that pods read. */
export function secretChecks({ missingSecrets, namespace }: ClusterFacts): readonly Check[] {
  return missingSecrets.map((secret) =>
    failed(
      `Secret ${secret}`,
      "DEPLOY_SECRET_MISSING",
      `pods read it, and it is neither in ${namespace} nor given`,
      "Give api-key or api-key-from, or turn authentication off in the values.",
    ),
  );
}
