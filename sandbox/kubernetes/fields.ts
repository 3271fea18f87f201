import type { Json, JsonMap } from "./objects.ts";
import { isMap } from "./objects.ts";
import type { Shape } from "./schema.ts";
import { isAtomic, listRule } from "./schema.ts";

/** Steps to a field, as FieldsV1 writes them: `f:spec`, `k:{"name":"inference"}`, `v:"finalizer"`. */
export type Path = readonly string[];

/** Fields of an object by encoded path; the value of a field that is owned whole, undefined for list items and map entries that hold others. */
export type FieldMap = Map<string, Json | undefined>;

const separator = "\u0000";
const untracked = new Set([
  "f:apiVersion",
  "f:kind",
  ...[
    "name",
    "namespace",
    "generateName",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
  ].map((name) => `f:metadata${separator}f:${name}`),
  ...["selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"].map((name) => `f:metadata${separator}f:${name}`),
]);

export function pathOf(encoded: string): Path {
  return encoded.split(separator);
}

/** Every field that someone may own in this object. */
export function fieldsOf(shape: Shape, object: Json): FieldMap {
  const found: FieldMap = new Map();
  collect(shape, object, [], found);
  for (const path of untracked) found.delete(path);
  return found;
}

function collect(shape: Shape, value: Json, path: readonly string[], found: FieldMap): void {
  const here = path.join(separator);
  if (!isMap(value) || shape.type === "any") {
    // Free-form content of custom resources merges by key.
    if (isMap(value) && Object.keys(value).length > 0) {
      for (const [key, item] of Object.entries(value)) collect(shape, item, [...path, `f:${key}`], found);
    } else found.set(here, value);
    return;
  }
  if (Object.keys(value).length === 0 && path.length > 0) found.set(here, value);
  for (const [key, item] of Object.entries(value)) {
    const inner = [...path, `f:${key}`];
    if (shape.type !== "struct") {
      collect(shape.type === "map" ? shape.of : { type: "any" }, item, inner, found);
      continue;
    }
    const field = shape.fields.get(key) ?? { type: "any" };
    if (isAtomic(shape.name, key, field)) found.set(inner.join(separator), item);
    else if (field.type === "list") collectItems(shape.name, key, field.of, item, inner, found);
    else collect(field, item, inner, found);
  }
}

function collectItems(
  owner: string,
  key: string,
  of: Shape,
  value: Json,
  path: readonly string[],
  found: FieldMap,
): void {
  const rule = listRule(owner, key);
  for (const item of Array.isArray(value) ? value : []) {
    const step = [...path, itemStep(rule?.keys ?? "set", item)];
    found.set(step.join(separator), undefined);
    if (isMap(item)) collect(of, item, step, found);
  }
}

/** The step that names a list's item. A port's key has a default. */
export function itemStep(keys: readonly string[] | "set", item: Json): string {
  if (keys === "set" || !isMap(item)) return `v:${JSON.stringify(item)}`;
  const named = keys.map((key) => [key, item[key] ?? (key === "protocol" ? "TCP" : null)] as const);
  return `k:${JSON.stringify(Object.fromEntries([...named].sort(([a], [b]) => (a < b ? -1 : 1))))}`;
}

/** FieldsV1 from a set of paths: a field that is owned and has owned children gets a ".". */
export function encodeFields(paths: Iterable<string>): JsonMap {
  const root: JsonMap = {};
  for (const encoded of [...paths].sort()) {
    let node = root;
    for (const step of pathOf(encoded)) {
      node[step] ??= {};
      node = node[step] as JsonMap;
    }
    node["."] = {};
  }
  return compact(root);
}

function compact(node: JsonMap): JsonMap {
  const entries = Object.entries(node);
  if (entries.length === 1 && "." in node) return {};
  return Object.fromEntries(entries.map(([key, value]) => [key, key === "." ? {} : compact(value as JsonMap)]));
}

/** The reverse of `encodeFields`. */
export function decodeFields(fields: JsonMap): Set<string> {
  const paths = new Set<string>();
  const walk = (node: JsonMap, path: readonly string[]) => {
    const entries = Object.entries(node);
    if (path.length > 0 && (entries.length === 0 || "." in node)) paths.add(path.join(separator));
    for (const [step, child] of entries) if (step !== "." && isMap(child)) walk(child, [...path, step]);
  };
  walk(fields, []);
  return paths;
}

/** `.spec.template.spec.containers[name="inference"].image`. */
export function spell(encoded: string): string {
  return pathOf(encoded)
    .map((step) => {
      if (step.startsWith("f:")) return `.${step.slice(2)}`;
      if (step.startsWith("v:")) return `[=${step.slice(2)}]`;
      const keys = Object.entries(JSON.parse(step.slice(2)) as JsonMap);
      return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(",")}]`;
    })
    .join("");
}

/** Takes the field out of the object; changes `object`. */
export function removeField(object: Json, encoded: string): void {
  const steps = pathOf(encoded);
  const last = steps.at(-1) ?? "";
  let node: Json | undefined = object;
  for (const step of steps.slice(0, -1)) node = child(node, step);
  if (isMap(node) && last.startsWith("f:")) delete node[last.slice(2)];
  else if (Array.isArray(node)) {
    const at = node.indexOf(child(node, last) ?? null);
    if (at >= 0) node.splice(at, 1);
  }
}

function child(node: Json | undefined, step: string): Json | undefined {
  if (step.startsWith("f:")) return isMap(node) ? node[step.slice(2)] : undefined;
  if (!Array.isArray(node)) return undefined;
  if (step.startsWith("v:")) return node.find((item) => JSON.stringify(item) === step.slice(2));
  const keys = Object.keys(JSON.parse(step.slice(2)) as JsonMap);
  return node.find((item) => itemStep(keys, item) === step);
}
