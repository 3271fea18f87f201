import type { Json, JsonMap } from "../objects.ts";
import { isMap } from "../objects.ts";

/** JSON merge patch (RFC 7386): null removes, maps merge, all else replaces. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isMap(patch)) return patch;
  const result: JsonMap = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}
