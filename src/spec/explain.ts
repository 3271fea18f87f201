import { nearest } from "../nearest.ts";
import { leaves, type Placed, placedAt, positionText } from "./placed.ts";
import { specSchema } from "./schema.ts";
import { typeWords } from "./words.ts";

type Rule = Readonly<Record<string, unknown>>;

/** What the schema says of a key of the resolved spec. */
export interface KeyRule {
  readonly description: string;
  /** In words: `text`, `true or false`, `one of a, b`. */
  readonly allowed: string;
  readonly default: unknown;
  readonly example: unknown;
  /** Keys below it; `<key>` stands for a name that the user chooses. */
  readonly keys: readonly string[];
}

/** The rule of a dotted key (`models.point.gpus`), or none where there is no such key. Below free maps (`values`) everything is allowed. */
export function keyRule(path: string): KeyRule | undefined {
  let rule = layerRule();
  for (const part of path.split(".").filter((each) => each !== "")) {
    const next = below(rule, part);
    if (!next) return undefined;
    rule = next;
  }
  return {
    description: String(rule["description"] ?? ""),
    allowed: allowedBy(rule),
    default: rule["default"],
    example: ((rule["examples"] ?? []) as readonly unknown[])[0],
    keys: keysOf(rule),
  };
}

/** Every dotted key that the schema knows, in its order; `<key>` for names that the user chooses. */
export function allKeys(rule: Rule = layerRule(), path = ""): readonly string[] {
  return keysOf(rule).flatMap((key) => {
    const here = path === "" ? key : `${path}.${key}`;
    return [here, ...allKeys(below(rule, key) ?? {}, here)];
  });
}

/** Lines that explain a key: what it means, what is allowed, and the value that holds with the line that it came from. `input` is the action's input that it fills. */
export function explainKey(path: string, resolved: Placed | undefined, input: string | undefined): readonly string[] {
  const rule = keyRule(path);
  if (!rule) {
    const near = nearest(path, allKeys());
    return [`There is no key ${path}.${near ? ` Did you mean ${near}?` : ""}`];
  }
  const lines = [`${path || "the spec"}: ${rule.description}`, `  allowed: ${rule.allowed}`];
  if (rule.default !== undefined) lines.push(`  default: ${JSON.stringify(rule.default)}`);
  if (rule.example !== undefined) lines.push(`  example: ${JSON.stringify(rule.example)}`);
  if (rule.keys.length > 0) lines.push(`  keys: ${rule.keys.join(", ")}`);
  if (input !== undefined) lines.push(`  input: ${input}`);
  const here = resolved && placedAt(resolved, path.split("."));
  if (!here) return [...lines, "  not set"];
  return [
    ...lines,
    ...leaves(here, path.split(".")).map(({ path: leaf, node }) => {
      const value = node.kind === "scalar" ? JSON.stringify(node.value) : node.kind === "list" ? "a list" : "{}";
      return `  ${leaf.join(".")} = ${value}  (${positionText(node.at)})`;
    }),
  ];
}

function layerRule(): Rule {
  return ((specSchema()["$defs"] as Rule)["layer"] ?? {}) as Rule;
}

/** The rule one key further down; free maps take any key. */
function below(rule: Rule, key: string): Rule | undefined {
  const properties = (rule["properties"] ?? {}) as Record<string, Rule>;
  if (Object.hasOwn(properties, key)) return properties[key];
  const more = rule["additionalProperties"];
  if (typeof more === "object" && more !== null) return more as Rule;
  return more === false || !kindsOf(rule).includes("object") ? undefined : { type: ["object"] };
}

function keysOf(rule: Rule): readonly string[] {
  const known = Object.keys((rule["properties"] ?? {}) as Rule);
  const more = rule["additionalProperties"] as Rule | false | undefined;
  const named = typeof more === "object" && more["properties"] !== undefined;
  return named ? [...known, "<key>"] : known;
}

function kindsOf(rule: Rule): readonly string[] {
  return [rule["type"]].flat().map(String);
}

function allowedBy(rule: Rule): string {
  const values = rule["enum"] as readonly unknown[] | undefined;
  if (values) return `one of ${values.filter((value) => value !== null).join(", ")}`;
  const range = rule["minimum"] === undefined ? "" : ` from ${String(rule["minimum"])} to ${String(rule["maximum"])}`;
  const pattern = rule["pattern"] === undefined ? "" : ` like ${String(rule["pattern"])}`;
  return `${typeWords(rule["type"])}${range}${pattern}`;
}
