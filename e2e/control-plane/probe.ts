import type { KubeObject } from "./api.ts";
import { type RealCluster, waitUntil } from "./cluster.ts";

const metadata = { name: "probe" };

/** Objects that the API server would take, asked by a dry run. */
const probes: Readonly<Record<"deployments" | "ingresses", KubeObject>> = {
  deployments: {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
    spec: {
      selector: { matchLabels: metadata },
      template: { metadata: { labels: metadata }, spec: { containers: [{ name: "probe", image: "probe" }] } },
    },
  },
  ingresses: {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata,
    spec: { defaultBackend: { service: { name: "probe", port: { number: 80 } } } },
  },
};

/** Asks by a dry run whether a Deployment or Ingress would be taken in a namespace, and gives the status. */
export async function wouldTake(
  cluster: RealCluster,
  namespace: string,
  resource: keyof typeof probes,
): Promise<number> {
  const object = probes[resource];
  const path = `/apis/${object["apiVersion"]}/namespaces/${namespace}/${resource}?dryRun=All`;
  return (await cluster.api.ask("POST", path, object)).status;
}

/** Admission rules count a moment after they were written: waits until the namespace refuses the resource. */
export function untilRefused(cluster: RealCluster, namespace: string, resource: keyof typeof probes): Promise<void> {
  return waitUntil(
    `${namespace} refuses ${resource}`,
    async () => (await wouldTake(cluster, namespace, resource)) >= 300,
  );
}
