import type { Json, JsonMap, KubeObject } from "./objects.ts";
import { asJson, isMap } from "./objects.ts";
import { badRequest } from "./status.ts";
import type { Deployment } from "./types.ts";

/** `autoscaling/v1` Scale of a Deployment or ReplicaSet. */
export function scaleOf(object: KubeObject): JsonMap {
  const { metadata, spec, status } = object as Deployment;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const selector = Object.entries(spec.selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace: namespace ?? "", uid, resourceVersion, creationTimestamp },
    spec: { replicas: spec.replicas },
    status: { replicas: status?.replicas ?? 0, selector: selector.join(",") },
  };
}

/** The object with the Scale's number of replicas. */
export function applyScale(object: KubeObject, scale: Json): JsonMap {
  const spec = isMap(scale) && isMap(scale["spec"]) ? scale["spec"] : {};
  const replicas = spec["replicas"] ?? 0;
  if (typeof replicas !== "number")
    throw badRequest('Scale in version "v1" cannot be handled as a Scale: spec.replicas must be a number');
  const next = structuredClone(asJson(object));
  if (isMap(next["spec"])) next["spec"]["replicas"] = replicas;
  return next;
}
