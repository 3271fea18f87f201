import type { Json, JsonMap } from "../objects.ts";
import { isMap } from "../objects.ts";
import type { Shape } from "../schema.ts";
import { listRule } from "../schema.ts";
import { badRequest } from "../status.ts";

const any: Shape = { type: "any" };

/**
 * Strategic merge patch: lists with a merge key merge by item, with the directives `$patch` (replace, delete, merge), `$deleteFromPrimitiveList/`,
 * `$setElementOrder/` and `$retainKeys`; all other lists are replaced.
 */
export function strategicPatch(shape: Shape, target: Json | undefined, patch: Json): Json {
  if (!isMap(patch)) return patch;
  if (patch["$patch"] === "replace") return without(patch, "$patch");
  if (patch["$patch"] === "delete") return {};
  const result: JsonMap = isMap(target) ? { ...target } : {};
  retain(result, patch["$retainKeys"]);
  for (const [key, value] of Object.entries(patch)) {
    if (key === "$patch" || key === "$retainKeys" || key.startsWith("$setElementOrder/")) continue;
    if (key.startsWith("$deleteFromPrimitiveList/")) {
      const field = key.slice(key.indexOf("/") + 1);
      const gone = Array.isArray(value) ? value : [];
      result[field] = items(result[field]).filter((item) => !gone.includes(item));
      continue;
    }
    if (value === null) delete result[key];
    else result[key] = mergeField(shape, key, result[key], value);
  }
  for (const [key, order] of Object.entries(patch)) {
    if (!key.startsWith("$setElementOrder/")) continue;
    const field = key.slice(key.indexOf("/") + 1);
    if (Array.isArray(result[field]))
      result[field] = ordered(items(result[field]), items(order), mergeKey(shape, field));
  }
  return result;
}

function mergeField(shape: Shape, key: string, target: Json | undefined, patch: Json): Json {
  const field = shape.type === "struct" ? (shape.fields.get(key) ?? any) : shape.type === "map" ? shape.of : any;
  if (!Array.isArray(patch)) return strategicPatch(field, target, patch);
  const by = mergeKey(shape, key);
  if (by === undefined || field.type !== "list") return patch;
  if (by === "") return [...new Set([...items(target), ...patch])];
  return mergeList(field.of, by, items(target), patch);
}

function mergeKey(shape: Shape, field: string): string | undefined {
  return shape.type === "struct" ? listRule(shape.name, field)?.patch : undefined;
}

function mergeList(shape: Shape, by: string, target: readonly Json[], patch: readonly Json[]): Json[] {
  if (patch.some((item) => isMap(item) && item["$patch"] === "replace")) {
    return patch.filter((item) => !(isMap(item) && item["$patch"] === "replace"));
  }
  const result = [...target];
  for (const item of patch) {
    if (!isMap(item)) throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${by}`);
    const key = item[by];
    if (key === undefined)
      throw badRequest(`map: map[${Object.keys(item).join(" ")}] does not contain declared merge key: ${by}`);
    const at = result.findIndex((other) => isMap(other) && other[by] === key);
    if (item["$patch"] === "delete") {
      if (at >= 0) result.splice(at, 1);
    } else if (at >= 0) result[at] = strategicPatch(shape, result[at], item);
    else result.push(strategicPatch(shape, undefined, item));
  }
  return result;
}

/** Items named in `order` in that order; the others keep their place relative to the end. */
function ordered(list: readonly Json[], order: readonly Json[], by: string | undefined): Json[] {
  const keyOf = (item: Json) => (by && isMap(item) ? item[by] : item);
  const wanted = order.map(keyOf);
  const place = (item: Json) => {
    const at = wanted.indexOf(keyOf(item) ?? null);
    return at < 0 ? wanted.length : at;
  };
  return [...list].sort((a, b) => place(a) - place(b));
}

function retain(target: JsonMap, keys: Json | undefined): void {
  if (!Array.isArray(keys)) return;
  for (const key of Object.keys(target)) if (!keys.includes(key)) delete target[key];
}

function items(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

function without(map: JsonMap, key: string): JsonMap {
  const { [key]: _, ...rest } = map;
  return rest;
}
