import type { KubeObject, OwnerReference } from "../objects.ts";

/** Whether `owner` controls the object. */
export function controls(owner: KubeObject, object: KubeObject): boolean {
  return (
    object.metadata.ownerReferences?.some((one) => one.controller === true && one.uid === owner.metadata.uid) ?? false
  );
}

/** The reference by which `owner` controls what it makes. */
export function controllerReference(owner: KubeObject): OwnerReference {
  const { apiVersion, kind, metadata } = owner;
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true };
}
