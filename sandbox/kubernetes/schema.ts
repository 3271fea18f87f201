import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Kind } from "./kinds.ts";

/** The type of a value: what the public API models say, read from the client library's generated classes. */
export type Shape =
  | { readonly type: "string" | "number" | "boolean" | "quantity" | "int-or-string" | "time" | "bytes" | "any" }
  | { readonly type: "list"; readonly of: Shape }
  | { readonly type: "map"; readonly of: Shape }
  | { readonly type: "struct"; readonly name: string; readonly fields: ReadonlyMap<string, Shape> };

interface Attribute {
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}
interface Model {
  getAttributeTypeMap(): readonly Attribute[];
}

const require = createRequire(import.meta.url);
const folder = join(dirname(require.resolve("@kubernetes/client-node")), "gen/models");

/** A generated class by its name. Each is loaded alone: the package's index brings some thousand that no kind of ours has. */
function modelOf(name: string): Model | undefined {
  const file = join(folder, `${name}.js`);
  return existsSync(file) ? (require(file) as Readonly<Record<string, Model>>)[name] : undefined;
}

const any: Shape = { type: "any" };
const structs = new Map<string, Shape>();

/** Maps whose values are quantities (`4`, `"250m"`): the models call them plain strings. */
const quantityMaps = new Set([
  "limits",
  "requests",
  "capacity",
  "allocatable",
  "hard",
  "used",
  "overhead",
  "default",
  "defaultRequest",
]);

/** The shape of a kind's objects; custom resources have none: anything goes below metadata. */
export function shapeOf(kind: Kind): Shape {
  const version = kind.version.charAt(0).toUpperCase() + kind.version.slice(1);
  const name = kind.resource === "events" ? "CoreV1Event" : `${version}${kind.kind}`;
  return modelOf(name) ? struct(name) : { type: "struct", name: kind.kind, fields: customFields() };
}

function customFields(): ReadonlyMap<string, Shape> {
  const text: Shape = { type: "string" };
  return new Map<string, Shape>([
    ["apiVersion", text],
    ["kind", text],
    ["metadata", struct("V1ObjectMeta")],
    ["spec", any],
    ["status", any],
  ]);
}

function struct(name: string): Shape {
  const known = structs.get(name);
  if (known) return known;
  const model = modelOf(name);
  if (!model?.getAttributeTypeMap) return any;
  const fields = new Map<string, Shape>();
  const shape: Shape = { type: "struct", name, fields };
  // Registered before its fields are read: schemas may refer to themselves.
  structs.set(name, shape);
  for (const { baseName, type, format } of model.getAttributeTypeMap()) {
    fields.set(baseName, parse(type, format, baseName));
  }
  return shape;
}

function parse(type: string, format: string, field: string): Shape {
  const list = /^Array<(.+)>$/.exec(type);
  if (list) return { type: "list", of: parse(list[1] ?? "any", format, field) };
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type);
  if (map) {
    if (quantityMaps.has(field)) return { type: "map", of: { type: "quantity" } };
    return { type: "map", of: parse(map[1] ?? "any", format, field) };
  }
  if (type === "string" && format === "byte") return { type: "bytes" };
  if (field === "sizeLimit" || field === "divisor") return { type: "quantity" };
  if (type === "string" || type === "number" || type === "boolean") return { type };
  if (type === "Date" || type === "V1MicroTime") return { type: "time" };
  if (type === "IntOrString") return { type: "int-or-string" };
  return struct(type);
}

/** How a list merges: by which keys server-side apply, by which one strategic merge patch. `set`: scalars. */
export interface ListRule {
  readonly keys: readonly string[] | "set";
  readonly patch: string | undefined;
}

function keyed(...keys: string[]): ListRule {
  return { keys, patch: keys[0] };
}

/** From the API's Go types (`listType`, `listMapKey`, `patchMergeKey`); a list that is not here is atomic: replaced whole. */
const listRules: Readonly<Record<string, ListRule>> = {
  "V1ObjectMeta.finalizers": { keys: "set", patch: "" },
  "V1ObjectMeta.ownerReferences": keyed("uid"),
  "V1PodSpec.containers": keyed("name"),
  "V1PodSpec.initContainers": keyed("name"),
  "V1PodSpec.ephemeralContainers": keyed("name"),
  "V1PodSpec.volumes": keyed("name"),
  "V1PodSpec.imagePullSecrets": keyed("name"),
  "V1PodSpec.hostAliases": keyed("ip"),
  "V1PodSpec.topologySpreadConstraints": { keys: ["topologyKey", "whenUnsatisfiable"], patch: "topologyKey" },
  "V1Container.env": keyed("name"),
  "V1Container.ports": { keys: ["containerPort", "protocol"], patch: "containerPort" },
  "V1Container.volumeMounts": keyed("mountPath"),
  "V1Container.volumeDevices": keyed("devicePath"),
  "V1ServiceSpec.ports": { keys: ["port", "protocol"], patch: "port" },
  "V1ServiceAccount.secrets": keyed("name"),
  "V1ServiceAccount.imagePullSecrets": keyed("name"),
  "V1NodeSpec.taints": { keys: [], patch: "key" },
  "V1NodeStatus.addresses": keyed("type"),
  "V1NodeStatus.conditions": keyed("type"),
  "V1PodStatus.conditions": keyed("type"),
  "V1PodStatus.podIPs": keyed("ip"),
  "V1PodStatus.hostIPs": { keys: [], patch: "ip" },
  "V1DeploymentStatus.conditions": keyed("type"),
  "V1ReplicaSetStatus.conditions": keyed("type"),
  "V1NamespaceStatus.conditions": keyed("type"),
  "V1ServiceStatus.conditions": keyed("type"),
  "V1EndpointSlice.ports": { keys: [], patch: undefined },
  "V1MutatingWebhookConfiguration.webhooks": keyed("name"),
  "V1ValidatingWebhookConfiguration.webhooks": keyed("name"),
};

/** Structs that server-side apply takes whole (`structType=atomic` of the Go types). */
const atomicStructs = new Set([
  "V1LabelSelector",
  "V1NodeSelector",
  "V1ObjectReference",
  "V1LocalObjectReference",
  "V1SecretKeySelector",
  "V1ConfigMapKeySelector",
  "V1ObjectFieldSelector",
  "V1ResourceFieldSelector",
  "V1TypedLocalObjectReference",
]);
const atomicMaps = new Set(["V1PodSpec.nodeSelector", "V1ServiceSpec.selector"]);

/** Rule of the list `field` in `struct`, or undefined when it is atomic. */
export function listRule(struct: string, field: string): ListRule | undefined {
  return listRules[`${struct}.${field}`];
}

/** Whether server-side apply owns and replaces this field as one value. */
export function isAtomic(owner: string, field: string, shape: Shape): boolean {
  if (shape.type === "struct") return atomicStructs.has(shape.name);
  if (shape.type === "map") return atomicMaps.has(`${owner}.${field}`);
  if (shape.type === "list") {
    const keys = listRule(owner, field)?.keys;
    return keys === undefined || keys.length === 0;
  }
  return true;
}
