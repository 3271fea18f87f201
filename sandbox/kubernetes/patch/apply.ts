import { fieldsOf, itemStep, removeField, spell } from "../fields.ts";
import type { Kind } from "../kinds.ts";
import { apiVersionOf } from "../kinds.ts";
import type { Manager, Owned } from "../managed.ts";
import { compareFields, encodeOwned, isManager, ownedFields } from "../managed.ts";
import type { Json, JsonMap, KubeObject, ManagedFields } from "../objects.ts";
import { asJson, asObject, isMap } from "../objects.ts";
import type { Shape } from "../schema.ts";
import { isAtomic, listRule } from "../schema.ts";
import type { Cause } from "../status.ts";
import { ApiError } from "../status.ts";

export interface Apply {
  readonly kind: Kind;
  readonly shape: Shape;
  readonly live: KubeObject | undefined;
  /** What the manager wants, decoded, without defaults. */
  readonly applied: JsonMap;
  readonly manager: Manager;
  readonly force: boolean;
  readonly time: string;
}

/**
 * Server-side apply: merges what the manager wants into the live object, removes what it no longer wants and nobody else owns, and refuses to take
 * another manager's field unless forced (409 that names manager and field).
 */
export function serverSideApply({ kind, shape, live, applied, manager, force, time }: Apply): KubeObject {
  const wanted = fieldsOf(shape, applied);
  const liveJson = live ? asJson(live) : { apiVersion: apiVersionOf(kind), kind: kind.kind };
  const merged = merge(shape, liveJson, structuredClone(applied)) as JsonMap;
  const owned = ownedFields(live);
  const own = owned.find(({ entry }) => isManager(entry, manager));
  const others = owned.filter((other) => other !== own);

  const { changed } = compareFields(fieldsOf(shape, liveJson), fieldsOf(shape, merged));
  const conflicts = others.flatMap(({ entry, paths }) =>
    [...paths].filter((path) => changed.has(path) && wanted.has(path)).map((path) => ({ entry, path })),
  );
  if (conflicts.length > 0 && !force) throw conflictError(conflicts);
  for (const { paths } of others) for (const { path } of conflicts) paths.delete(path);

  for (const path of [...(own?.paths ?? [])].sort().reverse()) {
    const kept =
      wanted.has(path) ||
      others.some(({ paths }) => [...paths].some((other) => other === path || other.startsWith(`${path}\u0000`)));
    if (!kept) removeField(merged, path);
  }
  const object = asObject(merged);
  const paths = new Set(wanted.keys());
  // The entry's time moves with what is applied: an apply that changes nothing leaves the object untouched.
  const unchanged =
    changed.size === 0 &&
    own !== undefined &&
    own.paths.size === paths.size &&
    [...paths].every((path) => own.paths.has(path));
  const at = (unchanged && own.entry.time) || time;
  object.metadata.managedFields = managedFields(live, others, paths, manager, kind, at);
  return object;
}

function managedFields(
  live: KubeObject | undefined,
  others: readonly Owned[],
  paths: Set<string>,
  manager: Manager,
  kind: Kind,
  time: string,
): ManagedFields[] {
  const entry: Owned["entry"] = {
    manager: manager.name,
    operation: "Apply",
    apiVersion: apiVersionOf(kind),
    time,
    fieldsType: "FieldsV1",
    ...(manager.subresource ? { subresource: manager.subresource } : {}),
  };
  const before = live?.metadata.managedFields ?? [];
  const at = before.findIndex((item) => isManager(item, manager));
  const list = encodeOwned(others);
  const [mine] = encodeOwned([{ entry, paths }]);
  if (mine) list.splice(at < 0 ? 0 : Math.min(at, list.length), 0, mine);
  return list;
}

function conflictError(conflicts: readonly { entry: Owned["entry"]; path: string }[]): ApiError {
  const managerOf = ({ entry }: { entry: Owned["entry"] }) => {
    const name = `"${entry.manager}"${entry.subresource ? ` with subresource "${entry.subresource}"` : ""}`;
    return entry.operation === "Apply" ? name : `${name} using ${entry.apiVersion} at ${entry.time}`;
  };
  const causes: Cause[] = conflicts.map((conflict) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${managerOf(conflict)}`,
    field: spell(conflict.path),
  }));
  const [first] = conflicts;
  let message = `Apply failed with 1 conflict: conflict with ${first ? managerOf(first) : ""}: ${first ? spell(first.path) : ""}`;
  if (conflicts.length > 1) {
    const managers = [...new Set(conflicts.map(managerOf))].sort();
    const texts = managers.map((name) => {
      const fields = conflicts.filter((conflict) => managerOf(conflict) === name).map(({ path }) => spell(path));
      return `conflicts with ${name}:\n- ${fields.join("\n- ")}`;
    });
    message = `Apply failed with ${conflicts.length} conflicts: ${texts.join("\n")}`;
  }
  return new ApiError(409, "Conflict", message, { causes });
}

function merge(shape: Shape, live: Json | undefined, applied: Json): Json {
  if (!isMap(applied)) return applied;
  const result: JsonMap = isMap(live) ? { ...live } : {};
  for (const [key, value] of Object.entries(applied)) {
    const field: Shape =
      shape.type === "struct"
        ? (shape.fields.get(key) ?? { type: "any" })
        : shape.type === "map"
          ? shape.of
          : { type: "any" };
    if (shape.type === "struct" && field.type !== "any" && isAtomic(shape.name, key, field)) result[key] = value;
    else if (shape.type === "struct" && field.type === "list" && Array.isArray(value)) {
      result[key] = mergeItems(listRule(shape.name, key)?.keys ?? "set", field.of, result[key], value);
    } else result[key] = merge(field, result[key], value);
  }
  return result;
}

/** Items of the applied list in its order; live items that it does not name stay behind them. */
function mergeItems(
  keys: readonly string[] | "set",
  of: Shape,
  live: Json | undefined,
  applied: readonly Json[],
): Json[] {
  const before = Array.isArray(live) ? live : [];
  const byKey = new Map(before.map((item) => [itemStep(keys, item), item]));
  const named = new Set(applied.map((item) => itemStep(keys, item)));
  return [
    ...applied.map((item) => merge(of, byKey.get(itemStep(keys, item)), item)),
    ...before.filter((item) => !named.has(itemStep(keys, item))),
  ];
}
