import type { Kind } from "./kinds.ts";
import { apiVersionOf } from "./kinds.ts";
import type { Json, JsonMap } from "./objects.ts";
import { isMap } from "./objects.ts";
import type { Shape } from "./schema.ts";
import { shapeOf } from "./schema.ts";
import { badRequest } from "./status.ts";

/** An object as the API understood it, and the fields that it did not know. */
export interface Decoded {
  readonly object: JsonMap;
  /** Paths as the server names them: `spec.template.spec.containers[0].foo`. */
  readonly unknown: readonly string[];
}

/**
 * Reads JSON as an object of this kind: wrong types are a 400 worded as Go's decoder words them, unknown fields are dropped and named,
 * null and what Go omits when empty disappear.
 */
export function decode(kind: Kind, value: Json): Decoded {
  const where = `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}`;
  if (!isMap(value)) throw badRequest(`${where}: json: cannot unmarshal ${goType(value)} into Go value`);
  checkIdentity(kind, value);
  const unknown: string[] = [];
  const object = read(shapeOf(kind), value, { path: "", plain: "", struct: kind.kind, unknown, where });
  return { object: { ...(object as JsonMap), apiVersion: apiVersionOf(kind), kind: kind.kind }, unknown };
}

function checkIdentity(kind: Kind, value: JsonMap): void {
  const given = { apiVersion: value["apiVersion"] ?? apiVersionOf(kind), kind: value["kind"] ?? kind.kind };
  if (given.apiVersion === apiVersionOf(kind) && given.kind === kind.kind) return;
  const [group, version] = splitVersion(String(given.apiVersion));
  throw badRequest(
    `the API version in the data (${[group, version].filter(Boolean).join("/")}) does not match the expected API version (${apiVersionOf(kind)})`,
  );
}

function splitVersion(apiVersion: string): readonly [string, string] {
  const [first = "", second] = apiVersion.split("/");
  return second === undefined ? ["", first] : [first, second];
}

interface Place {
  /** With indexes, for unknown fields. */
  readonly path: string;
  /** Without indexes, as Go's type errors have it. */
  readonly plain: string;
  readonly struct: string;
  readonly unknown: string[];
  readonly where: string;
}

function read(shape: Shape, value: Json, place: Place): Json | undefined {
  if (value === null) return undefined;
  switch (shape.type) {
    case "any":
      return value;
    case "list":
      if (!Array.isArray(value)) return wrong(value, "[]", place);
      return value.map((item, index) => read(shape.of, item, { ...place, path: `${place.path}[${index}]` }) ?? null);
    case "map":
      if (!isMap(value)) return wrong(value, "map", place);
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, read(shape.of, item, deeper(place, key)) ?? ""]),
      );
    case "struct":
      if (!isMap(value)) return wrong(value, shape.name.replace(/^(Core)?V\d+(beta\d+)?/, "v1."), place);
      return readStruct(shape, value, place);
    default:
      return readScalar(shape.type, value, place);
  }
}

function readStruct(shape: Extract<Shape, { type: "struct" }>, value: JsonMap, place: Place): JsonMap {
  const result: JsonMap = {};
  for (const [key, item] of Object.entries(value)) {
    const field = shape.fields.get(key);
    const inner = deeper(place, key);
    if (!field) {
      place.unknown.push(inner.path);
      continue;
    }
    const read1 = read(field, item, { ...inner, struct: shape.name.replace(/^(Core)?V\d+(beta\d+)?/, "") });
    if (read1 === undefined || (read1 === "" && field.type !== "any")) continue;
    if (field.type === "list" && (read1 as Json[]).length === 0) continue;
    if (field.type === "map" && Object.keys(read1 as JsonMap).length === 0) continue;
    result[key] = read1;
  }
  return result;
}

function deeper(place: Place, key: string): Place {
  const join = (path: string) => (path === "" ? key : `${path}.${key}`);
  return { ...place, path: join(place.path), plain: join(place.plain) };
}

const goTypes = { string: "string", number: "int32", boolean: "bool", bytes: "[]uint8", time: "string" } as const;

function readScalar(type: Exclude<Shape["type"], "any" | "list" | "map" | "struct">, value: Json, place: Place): Json {
  switch (type) {
    case "string":
      return typeof value === "string" ? value : wrong(value, "string", place);
    case "boolean":
      return typeof value === "boolean" ? value : wrong(value, "bool", place);
    case "number":
      if (typeof value !== "number") return wrong(value, "int32", place);
      return Number.isInteger(value) ? value : wrong(value, "int32", place);
    case "int-or-string":
      return typeof value === "number" || typeof value === "string" ? value : wrong(value, "intstr.IntOrString", place);
    case "quantity":
      return quantity(value, place);
    case "bytes":
      if (typeof value !== "string") return wrong(value, goTypes.bytes, place);
      if (!/^[A-Za-z0-9+/\s]*={0,2}$/.test(value) || value.replace(/\s/g, "").length % 4 !== 0) {
        throw badRequest(`${place.where}: illegal base64 data at input byte ${Math.max(0, value.length - 1)}`);
      }
      return value;
    case "time":
      if (typeof value !== "string") return wrong(value, "string", place);
      if (Number.isNaN(Date.parse(value))) {
        throw badRequest(
          `${place.where}: parsing time "${value}" as "2006-01-02T15:04:05Z07:00": cannot parse "${value}" as "2006"`,
        );
      }
      return value;
  }
}

function quantity(value: Json, place: Place): Json {
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text === "string" && /^[+-]?(\d+\.?\d*|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/.test(text))
    return text;
  throw badRequest(
    `${place.where}: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
  );
}

function wrong(value: Json, type: string, place: Place): never {
  throw badRequest(
    `${place.where}: json: cannot unmarshal ${goType(value)} into Go struct field ${place.struct}.${place.plain} of type ${type}`,
  );
}

function goType(value: Json): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  return value === null ? "null" : typeof value;
}
