import type { Container, Deployment, Pod, PodSpec } from "../cluster/objects.ts";
import type { ManifestObject } from "./manifest.ts";
import { quantity } from "./quantity.ts";

/** The resource that the guide's nodes advertise. */
export const gpuResource = "nvidia.com/gpu";

/** A Deployment of the release, as the chart renders it. */
export interface Workload {
  /** Name of the Deployment. */
  readonly name: string;
  /** Key of the model, `name` itself where it is none (`public-docs`). */
  readonly model: string;
  readonly replicas: number;
  /** GPUs of one pod. */
  readonly gpus: number;
  /** `image` references of all containers, init containers too. */
  readonly images: readonly string[];
  readonly object: Deployment;
}

/** The Deployments among rendered objects. `models`: keys of the values, for names. */
export function workloadsOf(objects: readonly ManifestObject[], models: readonly string[]): readonly Workload[] {
  return objects.filter((object) => object.kind === "Deployment").map((object) => workload(object, models));
}

function workload(object: ManifestObject, models: readonly string[]): Workload {
  const deployment = object as unknown as Deployment;
  const { name } = deployment.metadata;
  const { spec } = deployment.spec.template;
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  return {
    name,
    model: modelOf(name, models),
    replicas: deployment.spec.replicas ?? 1,
    gpus: gpusOf(spec),
    images: [...new Set(containers.map((container) => container.image ?? ""))],
    object: deployment,
  };
}

/** The longest key that the name ends in: `inference-laguna-m` is the model laguna-m. */
export function modelOf(name: string, models: readonly string[]): string {
  const fitting = models.filter((key) => name === key || name.endsWith(`-${key}`));
  return fitting.sort((a, b) => b.length - a.length)[0] ?? name;
}

/** GPUs that one pod takes: the largest init container or the sum of the others, whichever is more (the scheduler's own rule). */
export function gpusOf(spec: PodSpec): number {
  const sum = spec.containers.reduce((total, container) => total + gpusOfContainer(container), 0);
  return Math.max(sum, ...(spec.initContainers ?? []).map(gpusOfContainer));
}

function gpusOfContainer(container: Container): number {
  const { limits, requests } = container.resources ?? {};
  return quantity(requests?.[gpuResource] ?? limits?.[gpuResource]) ?? 0;
}

/** Names of the Secrets that a pod reads: by variable, by environment or as a volume. */
export function secretsRead(spec: PodSpec): ReadonlySet<string> {
  const names = new Set<string>();
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    for (const { valueFrom } of container.env ?? [])
      if (valueFrom?.secretKeyRef?.name) names.add(valueFrom.secretKeyRef.name);
    for (const { secretRef } of container.envFrom ?? []) if (secretRef?.name) names.add(secretRef.name);
  }
  for (const { secret } of spec.volumes ?? []) if (secret?.secretName) names.add(secret.secretName);
  return names;
}

/** Whether a pod still takes its resources. */
export function isActive(pod: Pod): boolean {
  return pod.status?.phase !== "Succeeded" && pod.status?.phase !== "Failed";
}
