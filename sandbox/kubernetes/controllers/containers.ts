import type { Container, Pod } from "../types.ts";

/** Whether it is one of the pod's init containers. */
export function isInit(pod: Pod, { name }: Container): boolean {
  return pod.spec.initContainers?.some((container) => container.name === name) ?? false;
}

/** `spec.initContainers{model-downloader}`: where an event about a container points. */
export function fieldPath(pod: Pod, container: Container): string {
  return `spec.${isInit(pod, container) ? "initContainers" : "containers"}{${container.name}}`;
}
