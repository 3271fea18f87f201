import type { KubeObject } from "./objects.ts";
import { asJson, isMap } from "./objects.ts";
import { badRequest } from "./status.ts";

export type Predicate = (object: KubeObject) => boolean;

/** `metav1.LabelSelector`. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

const requirement =
  /^\s*(?:(!?)\s*([A-Za-z0-9_./-]+)|([A-Za-z0-9_./-]+)\s+(in|notin)\s*\(([^)]*)\)|([A-Za-z0-9_./-]+)\s*(==|=|!=)\s*([A-Za-z0-9_.-]*))\s*$/;

/** The query's `labelSelector`: equality, set and existence terms. An unreadable one is a 400. */
export function labelPredicate(text: string): Predicate {
  const terms = text.split(/,(?![^(]*\))/).filter((term) => term.trim() !== "");
  const tests = terms.map((term) => {
    const match = requirement.exec(term);
    if (!match) throw badRequest(`unable to parse requirement: found '${term.trim()}'`);
    const [, not, exists, setKey, setOperator, setValues, key, operator, value] = match;
    if (exists !== undefined) return (labels: Labels) => exists in labels !== (not === "!");
    if (setKey !== undefined) {
      const values = (setValues ?? "").split(",").map((item) => item.trim());
      return (labels: Labels) => values.includes(labels[setKey] ?? "\0") === (setOperator === "in");
    }
    return (labels: Labels) => (labels[key ?? ""] === value) === (operator !== "!=");
  });
  return (object) => tests.every((test) => test(object.metadata.labels ?? {}));
}

type Labels = Readonly<Record<string, string>>;

/** Whether an object's selector takes these labels; an absent or empty selector takes nothing here. */
export function selects(selector: LabelSelector | undefined, labels: Labels = {}): boolean {
  const equal = Object.entries(selector?.matchLabels ?? {});
  const expressions = selector?.matchExpressions ?? [];
  if (equal.length + expressions.length === 0) return false;
  return (
    equal.every(([key, value]) => labels[key] === value) &&
    expressions.every(({ key, operator, values = [] }) => {
      if (operator === "In") return values.includes(labels[key] ?? "\0");
      if (operator === "NotIn") return !values.includes(labels[key] ?? "\0");
      return key in labels === (operator === "Exists");
    })
  );
}

/** Fields that the server indexes beside metadata.name and metadata.namespace. */
const supported: Readonly<Record<string, readonly string[]>> = {
  pods: [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
  ],
  events: [
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
  ],
  secrets: ["type"],
  namespaces: ["status.phase"],
  nodes: ["spec.unschedulable"],
  replicasets: ["status.replicas"],
  jobs: ["status.successful"],
};

/** The query's `fieldSelector`; a field that the resource does not index is a 400, as on the real server. */
export function fieldPredicate(text: string, resource: string): Predicate {
  const tests = text
    .split(",")
    .filter((term) => term !== "")
    .map((term) => {
      const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(term);
      if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
      const [, field = "", operator, value = ""] = match;
      if (!["metadata.name", "metadata.namespace", ...(supported[resource] ?? [])].includes(field)) {
        throw badRequest(`field label not supported: ${field}`);
      }
      return (object: KubeObject) => (fieldOf(object, field) === value) === (operator !== "!=");
    });
  return (object) => tests.every((test) => test(object));
}

function fieldOf(object: KubeObject, path: string): string {
  let value: unknown = asJson(object);
  for (const part of path.split(".")) value = isMap(value) ? value[part] : undefined;
  if (path === "source" && isMap(value)) return String(value["component"] ?? "");
  return value === undefined || value === null ? "" : String(value);
}
