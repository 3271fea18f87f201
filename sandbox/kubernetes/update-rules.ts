import type { Kind } from "./kinds.ts";
import type { JsonMap, KubeObject } from "./objects.ts";
import { asJson, copyOf } from "./objects.ts";
import { conflict } from "./status.ts";
import type { Pod } from "./types.ts";

/** Lets a write reach only its part: status through `/status`, all else through the object itself. */
export function isolate(kind: Kind, old: KubeObject, next: KubeObject, subresource: string | undefined): KubeObject {
  if (!kind.subresources.includes("status")) return next;
  const [rest, status] = subresource === "status" ? [old, next] : [next, old];
  const object = copyOf(rest) as KubeObject & { status?: unknown };
  const { status: given } = status as { status?: unknown };
  if (given === undefined) delete object.status;
  else object.status = given;
  return object;
}

/** What a client cannot change about an object. */
export function keepIdentity(old: KubeObject, object: KubeObject): void {
  const { name, namespace, uid, creationTimestamp, generation, deletionTimestamp, deletionGracePeriodSeconds } =
    old.metadata;
  Object.assign(object.metadata, { name, uid, creationTimestamp });
  const fixed = { namespace, generation, deletionTimestamp, deletionGracePeriodSeconds };
  for (const [key, value] of Object.entries(fixed)) {
    if (value === undefined) delete object.metadata[key as keyof typeof fixed];
    else Object.assign(object.metadata, { [key]: value });
  }
}

/** What the generation counts: all but metadata and status. */
export function content(object: KubeObject): JsonMap {
  const { metadata: _, status: __, ...rest } = asJson(object);
  return rest;
}

/** The 409 of a write that was made against another state. */
export function checkPreconditions(
  kind: Kind,
  old: KubeObject,
  given: { uid?: string | undefined; resourceVersion?: string | undefined },
): void {
  if (given.uid && given.uid !== old.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${given.uid}, UID in object meta: ${old.metadata.uid}`;
    throw conflict(kind, old.metadata.name, why);
  }
  if (given.resourceVersion && given.resourceVersion !== old.metadata.resourceVersion) {
    const why = "the object has been modified; please apply your changes to the latest version and try again";
    throw conflict(kind, old.metadata.name, why);
  }
}

/** Seconds that a pod is given to end; none where nothing runs. */
export function graceOf(pod: Pod, wanted: number | undefined): number {
  if (!pod.spec.nodeName || pod.status?.phase === "Failed" || pod.status?.phase === "Succeeded") return 0;
  return wanted ?? pod.spec.terminationGracePeriodSeconds ?? 30;
}
