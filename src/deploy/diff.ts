import { type ManifestObject, nameOf } from "./manifest.ts";
import { quantity } from "./quantity.ts";

/** One field that differs. */
export interface FieldChange {
  /** `spec.template.spec.containers[inference].image`. */
  readonly path: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** What an upgrade does to one object. */
export interface ObjectChange {
  readonly verb: "add" | "change" | "remove";
  readonly kind: string;
  readonly name: string;
  /** Empty for objects that come or go. */
  readonly fields: readonly FieldChange[];
}

/** From one set of rendered objects to another, by kind and name; values of Secrets are never shown. */
export function diffObjects(
  before: readonly ManifestObject[],
  after: readonly ManifestObject[],
): readonly ObjectChange[] {
  const old = new Map(before.map((object) => [keyOf(object), object]));
  const fresh = new Map(after.map((object) => [keyOf(object), object]));
  const changes: ObjectChange[] = [];
  for (const [key, object] of fresh) {
    const was = old.get(key);
    const { kind, metadata } = object;
    if (!was) changes.push({ verb: "add", kind, name: metadata.name, fields: [] });
    else {
      const fields = diffFields(was, object);
      if (fields.length > 0) changes.push({ verb: "change", kind, name: metadata.name, fields });
    }
  }
  for (const [key, { kind, metadata }] of old)
    if (!fresh.has(key)) changes.push({ verb: "remove", kind, name: metadata.name, fields: [] });
  return changes;
}

function keyOf(object: ManifestObject): string {
  return `${object.apiVersion.split("/")[0]} ${object.kind} ${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

function diffFields(before: ManifestObject, after: ManifestObject): readonly FieldChange[] {
  const fields: FieldChange[] = [];
  walk("", before, after, fields);
  return before.kind === "Secret" || after.kind === "Secret" ? fields.map(redacted) : fields;
}

function redacted(field: FieldChange): FieldChange {
  if (!/^(data|stringData)\b/.test(field.path)) return field;
  return { path: field.path, from: field.from && "***", to: field.to && "*** (changed)" };
}

function walk(path: string, before: unknown, after: unknown, fields: FieldChange[]): void {
  if (same(before, after)) return;
  if (isMap(before) && isMap(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      walk(path === "" ? key : `${path}.${key}`, before[key], after[key], fields);
    return;
  }
  if (Array.isArray(before) && Array.isArray(after)) walkList(path, before, after, fields);
  else fields.push({ path, from: shown(before), to: shown(after) });
}

/** Lists of named things (containers, variables, ports) are compared by name, others by place. */
function walkList(path: string, before: readonly unknown[], after: readonly unknown[], fields: FieldChange[]): void {
  const named = [...before, ...after].every((item) => isMap(item) && typeof item["name"] === "string");
  const keys = named
    ? new Set([...before, ...after].map((item) => String((item as Named)["name"])))
    : new Set([...Array(Math.max(before.length, after.length)).keys()].map(String));
  const at = (list: readonly unknown[], key: string) =>
    named ? list.find((item) => (item as Named)["name"] === key) : list[Number(key)];
  for (const key of keys) walk(`${path}[${key}]`, at(before, key), at(after, key), fields);
}

type Named = Readonly<Record<string, unknown>>;

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function shown(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}

/**
 * Where the live objects differ from what the last release made of them. Only fields that the chart sets count: what the API server, controllers
 * and people add beside them is theirs. `live` gives an object by the rendered one, `undefined` where it is gone.
 */
export function driftOf(
  released: readonly ManifestObject[],
  live: (object: ManifestObject) => Readonly<Record<string, unknown>> | undefined,
): readonly ObjectChange[] {
  return released.flatMap((object): readonly ObjectChange[] => {
    const { kind, metadata } = object;
    const now = live(object);
    if (!now) return [{ verb: "add", kind, name: metadata.name, fields: [] }];
    const fields: FieldChange[] = [];
    for (const key of Object.keys(object)) {
      if (key === "metadata" || key === "status" || key === "apiVersion" || key === "kind" || key === "stringData")
        continue;
      missing(key, object[key], now[key], fields);
    }
    const labels = metadata.labels ?? {};
    missing("metadata.labels", labels, (now["metadata"] as typeof metadata | undefined)?.labels, fields);
    missing(
      "metadata.annotations",
      metadata.annotations ?? {},
      (now["metadata"] as typeof metadata | undefined)?.annotations,
      fields,
    );
    if (fields.length === 0) return [];
    return [{ verb: "change", kind, name: metadata.name, fields: kind === "Secret" ? fields.map(redacted) : fields }];
  });
}

/** What is wanted and not so, below one path; `from` is what is live. */
function missing(path: string, wanted: unknown, live: unknown, fields: FieldChange[]): void {
  if (isEmpty(wanted) && isEmpty(live)) return;
  if (isMap(wanted) && isMap(live)) {
    for (const [key, value] of Object.entries(wanted)) missing(`${path}.${key}`, value, live[key], fields);
    return;
  }
  if (Array.isArray(wanted) && Array.isArray(live)) {
    const named = wanted.every((item) => isMap(item) && typeof item["name"] === "string");
    for (const [index, item] of wanted.entries()) {
      const key = named ? String((item as Named)["name"]) : String(index);
      const twin = named ? live.find((other) => (other as Named)["name"] === key) : live[index];
      missing(`${path}[${key}]`, item, twin, fields);
    }
    return;
  }
  if (!equalLeaves(wanted, live)) fields.push({ path, from: shown(live), to: shown(wanted) });
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === 0 || value === false) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** The API server writes quantities in its own way: `1000m` becomes `1`, 4 becomes `"4"`. */
function equalLeaves(a: unknown, b: unknown): boolean {
  if (same(a, b) || String(a) === String(b)) return true;
  const [left, right] = [a, b].map((value) =>
    typeof value === "string" || typeof value === "number" ? quantity(value) : undefined,
  );
  return left !== undefined && left === right;
}

/** What a release changes, and what of the last one is no longer as it was released and comes back. */
export function wholeDiff(diff: readonly ObjectChange[], drift: readonly ObjectChange[]): string {
  const back =
    drift.length > 0 ? `# changed by others since the last release, and brought back\n${diffText(drift)}` : "";
  return [diffText(diff), back].filter((text) => text !== "").join("\n");
}

/** The diff for people, one line per field. */
export function diffText(changes: readonly ObjectChange[]): string {
  const signs = { add: "+", change: "~", remove: "-" } as const;
  return changes
    .flatMap((change) => [
      `${signs[change.verb]} ${nameOf({ kind: change.kind, metadata: { name: change.name } })}`,
      ...change.fields.map((field) => `    ${field.path}: ${field.from ?? "(absent)"} -> ${field.to ?? "(absent)"}`),
    ])
    .join("\n");
}

/** A change of a Deployment's pod template makes new pods. */
export function replacesPods(change: ObjectChange): boolean {
  return (
    change.kind === "Deployment" &&
    (change.verb !== "change" || change.fields.some((field) => field.path.startsWith("spec.template")))
  );
}
