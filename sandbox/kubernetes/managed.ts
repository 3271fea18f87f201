import type { FieldMap } from "./fields.ts";
import { decodeFields, encodeFields, fieldsOf } from "./fields.ts";
import type { KubeObject, ManagedFields } from "./objects.ts";
import { asJson, same } from "./objects.ts";
import type { Shape } from "./schema.ts";

/** Who writes, and through which door. */
export interface Manager {
  readonly name: string;
  readonly operation: "Apply" | "Update";
  readonly subresource?: string;
}

/** One manager's fields, while they are worked on. */
export interface Owned {
  readonly entry: Omit<ManagedFields, "fieldsV1">;
  readonly paths: Set<string>;
}

export function ownedFields(object: KubeObject | undefined): Owned[] {
  return (object?.metadata.managedFields ?? []).map(({ fieldsV1, ...entry }) => ({
    entry,
    paths: decodeFields(fieldsV1),
  }));
}

export function isManager(entry: Owned["entry"], manager: Manager): boolean {
  return (
    entry.manager === manager.name &&
    entry.operation === manager.operation &&
    (entry.subresource ?? "") === (manager.subresource ?? "")
  );
}

/** managedFields again, without managers that own nothing. */
export function encodeOwned(owned: readonly Owned[]): ManagedFields[] {
  return owned
    .filter(({ paths }) => paths.size > 0)
    .map(({ entry, paths }) => ({ ...entry, fieldsV1: encodeFields(paths) }));
}

/** Fields that differ between two states. */
export function compareFields(before: FieldMap, after: FieldMap): { changed: Set<string>; removed: Set<string> } {
  const changed = new Set<string>();
  for (const [path, value] of after) {
    if (!before.has(path) || !same(before.get(path), value)) changed.add(path);
  }
  return { changed, removed: new Set([...before.keys()].filter((path) => !after.has(path))) };
}

/** managedFields after a create, update or patch: the writer owns what it changed, and nobody else does. */
export function trackUpdate(
  shape: Shape,
  before: KubeObject | undefined,
  after: KubeObject,
  manager: Manager,
  time: string,
): ManagedFields[] | undefined {
  const { changed, removed } = compareFields(
    before ? fieldsOf(shape, asJson(before)) : new Map(),
    fieldsOf(shape, asJson(after)),
  );
  if (changed.size === 0 && removed.size === 0) return before?.metadata.managedFields;
  const owned = ownedFields(before);
  for (const { paths } of owned) {
    for (const path of [...changed, ...removed]) paths.delete(path);
  }
  const own = owned.find(({ entry }) => isManager(entry, manager));
  const entry = {
    manager: manager.name,
    operation: manager.operation,
    apiVersion: after.apiVersion,
    time,
    fieldsType: "FieldsV1",
    ...(manager.subresource ? { subresource: manager.subresource } : {}),
  } as const;
  const rest = owned.filter((other) => other !== own);
  return encodeOwned([...rest, { entry, paths: new Set([...(own?.paths ?? []), ...changed]) }]);
}
