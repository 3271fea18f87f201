import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import type { Problem } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { dataOf, keyPosition, type Placed, placedAt } from "./placed.ts";
import { specSchema } from "./schema.ts";
import { typeWords } from "./words.ts";

let compiled: ValidateFunction | undefined;

/** The schema is our own and held valid by a test; checking it again here would double the time of every start. */
function validator(): ValidateFunction {
  compiled ??= new Ajv2020({ allErrors: true, verbose: true, allowUnionTypes: true, validateSchema: false }).compile(
    specSchema(),
  );
  return compiled;
}

/** Everything in the file that the schema does not allow, all layers at once, each on its line and with the nearest known key. */
export function checkSpec(root: Placed): readonly Problem[] {
  const validate = validator();
  if (validate(dataOf(root))) return [];
  const problems = (validate.errors ?? []).flatMap((error) => told(error, root));
  const seen = new Set<string>();
  return problems
    .filter(({ happened, at }) => {
      const key = `${at?.line}:${at?.column}:${happened}`;
      return !seen.has(key) && seen.add(key);
    })
    .sort((a, b) => (a.at?.line ?? 0) - (b.at?.line ?? 0) || (a.at?.column ?? 0) - (b.at?.column ?? 0));
}

type Rule = Readonly<Record<string, unknown>>;

/** One error of ajv as a sentence at its place; nothing for those that only repeat another. */
function told(error: ErrorObject, root: Placed): readonly Problem[] {
  const path = error.instancePath.split("/").slice(1).map(unescaped);
  const name = path.length === 0 ? "the spec" : path.join(".");
  const rule = (error.parentSchema ?? {}) as Rule;
  const node = placedAt(root, path);
  if (error.keyword === "additionalProperties") {
    const key = String(error.params["additionalProperty"]);
    const known = Object.keys((rule["properties"] ?? {}) as Rule);
    const at = keyPosition(root, [...path, key]);
    return [{ happened: `${path.length === 0 ? "" : `${name}: `}there is no key ${key}${suggestion(key, known)}`, at }];
  }
  if (error.keyword === "propertyNames") {
    const key = String(error.params["propertyName"]);
    const happened = `${name}: "${key}" cannot be a key here; keys are lower-case letters, digits and "-", at most 63, beginning and ending with a letter or digit`;
    return [{ happened, at: keyPosition(root, [...path, key]) }];
  }
  if (error.propertyName !== undefined) return [];
  if (error.keyword === "required")
    return [{ happened: `the key ${String(error.params["missingProperty"])} is missing`, at: node?.at }];
  return [{ happened: `${name} ${complaint(error, rule, node)}`, at: node?.at }];
}

function suggestion(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  return near ? `; did you mean ${near}?` : `; there are ${known.join(", ")}`;
}

function complaint(error: ErrorObject, rule: Rule, node: Placed | undefined): string {
  const given = node?.kind === "scalar" ? `; it is ${shown(node)}` : "";
  const { params } = error;
  switch (error.keyword) {
    case "type":
      return `must be ${typeWords(rule["type"])}${given}${quoteHint(rule["type"], node)}`;
    case "enum":
      return `must be one of ${(params["allowedValues"] as unknown[]).filter((value) => value !== null).join(", ")}${given}`;
    case "const":
      return `must be ${String(params["allowedValue"])}${given}`;
    case "pattern":
      return `must look like ${examples(rule)}${given}`;
    case "minimum":
    case "maximum":
      return `must be from ${String(rule["minimum"])} to ${String(rule["maximum"])}${given}`;
    case "exclusiveMinimum":
      return `must be above ${String(rule["exclusiveMinimum"])}${given}`;
    case "maxLength":
      return `must have at most ${String(rule["maxLength"])} characters${given}`;
    default:
      return `${error.message ?? "is not allowed"}${given}`;
  }
}

function shown(node: Placed): string {
  if (node.kind !== "scalar") return "";
  if (node.value === null) return "empty";
  const text = typeof node.value === "string" ? `"${node.value}"` : node.source;
  return text.length > 120 ? `${text.slice(0, 120)}...` : text;
}

/** The commonest cause: an account id or a version without quotes. */
function quoteHint(type: unknown, node: Placed | undefined): string {
  if (![type].flat().includes("string") || node?.kind !== "scalar" || typeof node.value === "string") return "";
  return node.value === null ? "" : `, without quotes: write "${node.source}"`;
}

function examples(rule: Rule): string {
  const given = (rule["examples"] ?? []) as readonly unknown[];
  return given.length > 0 ? given.map(String).join(" or ") : String(rule["pattern"]);
}

function unescaped(part: string): string {
  return part.replaceAll("~1", "/").replaceAll("~0", "~");
}
