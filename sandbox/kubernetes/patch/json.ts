import type { Json } from "../objects.ts";
import { isMap, same } from "../objects.ts";
import { ApiError, badRequest } from "../status.ts";

interface Step {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: Json;
}

/** JSON patch (RFC 6902). A failed `test` or a missing path is a 422, as the real server answers. */
export function jsonPatch(target: Json, patch: Json): Json {
  if (!Array.isArray(patch)) throw badRequest("json: cannot unmarshal object into Go value of type jsonpatch.Patch");
  let result = structuredClone(target);
  for (const step of patch as unknown as Step[]) result = apply(result, step);
  return result;
}

function apply(root: Json, step: Step): Json {
  switch (step.op) {
    case "add":
      return put(root, step.path, step.value ?? null, true);
    case "replace":
      find(root, step.path, step);
      return put(root, step.path, step.value ?? null, false);
    case "remove":
      return remove(root, step);
    case "copy":
      return put(root, step.path, structuredClone(find(root, step.from ?? "", step)), true);
    case "move": {
      const value = find(root, step.from ?? "", step);
      return put(remove(root, { op: "remove", path: step.from ?? "" }), step.path, value, true);
    }
    case "test":
      if (same(find(root, step.path, step), step.value ?? null)) return root;
      throw unprocessable(`testing value ${step.path} failed: test failed`);
    default:
      throw unprocessable(`Unexpected kind: ${step.op}`);
  }
}

function unprocessable(message: string): ApiError {
  return new ApiError(422, "Invalid", `the server rejected our request due to an error in our request: ${message}`, {});
}

function parts(path: string): string[] {
  return path
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function find(root: Json, path: string, step: Step): Json {
  let value: Json | undefined = root;
  for (const part of parts(path)) {
    value = Array.isArray(value) ? value[Number(part)] : isMap(value) ? value[part] : undefined;
    if (value === undefined)
      throw unprocessable(`${step.op} operation does not apply: doc is missing path: "${path}": missing value`);
  }
  return value;
}

function put(root: Json, path: string, value: Json, insert: boolean): Json {
  const steps = parts(path);
  const last = steps.pop();
  if (last === undefined) return value;
  const parent = find(root, path.slice(0, path.lastIndexOf("/")), { op: "add", path });
  if (Array.isArray(parent)) {
    const index = last === "-" ? parent.length : Number(last);
    if (insert) parent.splice(index, 0, value);
    else parent[index] = value;
  } else if (isMap(parent)) parent[last] = value;
  return root;
}

function remove(root: Json, step: Step): Json {
  find(root, step.path, step);
  const parent = find(root, step.path.slice(0, step.path.lastIndexOf("/")), step);
  const last = parts(step.path).at(-1) ?? "";
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else if (isMap(parent)) delete parent[last];
  return root;
}
