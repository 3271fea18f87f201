import type { Condition } from "./document.ts";

/** Values of the request's condition keys; keys in lower case. */
export type Context = ReadonlyMap<string, readonly string[]>;

/** Whether a condition holds; `missing` names its key when the request does not carry it. */
export interface Held {
  readonly holds: boolean;
  readonly missing?: string;
}

/** Evaluates one condition. Rules: "IAM JSON policy elements: Condition operators", IAM user guide. */
export function conditionHolds(condition: Condition, context: Context): Held {
  const set = /^For(AnyValue|AllValues):/.exec(condition.operator)?.[1];
  const bare = condition.operator.replace(/^For\w+:/, "");
  const ifExists = bare.endsWith("IfExists");
  const operator = ifExists ? bare.slice(0, -"IfExists".length) : bare;
  const given = context.get(condition.key.toLowerCase());
  const absent = given === undefined || given.length === 0;
  if (operator === "Null") return { holds: condition.values.some((value) => (value === "true") === absent) };
  const negated = /Not/.test(operator);
  if (absent) {
    if (ifExists || set === "AllValues") return { holds: true };
    return { holds: negated && set !== "AnyValue", missing: condition.key };
  }
  const one = (value: string) => {
    const found = condition.values.some((wanted) => compare(operator, substitute(wanted, context), value));
    return negated ? !found : found;
  };
  return { holds: set === "AllValues" || (negated && set !== "AnyValue") ? given.every(one) : given.some(one) };
}

/** Positive comparison; a negated operator is turned round by the caller. */
function compare(operator: string, wanted: string, given: string): boolean {
  switch (operator.replace("Not", "")) {
    case "StringEquals":
      return wanted === given;
    case "StringEqualsIgnoreCase":
      return wanted.toLowerCase() === given.toLowerCase();
    case "StringLike":
      return wildcard(wanted, given);
    case "ArnEquals":
    case "ArnLike":
      return arnLike(wanted, given);
    case "Bool":
      return wanted.toLowerCase() === given.toLowerCase();
    case "NumericEquals":
      return Number(given) === Number(wanted);
    case "NumericLessThan":
      return Number(given) < Number(wanted);
    case "NumericLessThanEquals":
      return Number(given) <= Number(wanted);
    case "NumericGreaterThan":
      return Number(given) > Number(wanted);
    case "NumericGreaterThanEquals":
      return Number(given) >= Number(wanted);
    default:
      throw new Error(`the sandbox does not evaluate the condition operator ${operator}`);
  }
}

/** `*` and `?` as in policies; `insensitive` for actions. */
export function wildcard(pattern: string, text: string, insensitive = false): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, insensitive ? "is" : "s").test(text);
}

/** ARN patterns are compared part by part: a `*` never spans a colon of the first five. */
function arnLike(pattern: string, text: string): boolean {
  const wanted = pattern.split(":");
  const given = text.split(":");
  if (wanted.length < 6 || given.length < 6) return wildcard(pattern, text);
  const parts = (arn: readonly string[]) => [...arn.slice(0, 5), arn.slice(5).join(":")];
  const right = parts(given);
  return parts(wanted).every((part, index) => wildcard(part, right[index] ?? ""));
}

/** `${aws:username}` and its kin, replaced by the request's value; an unknown variable matches nothing. */
export function substitute(text: string, context: Context): string {
  return text.replace(/\$\{([^}]+)\}/g, (whole, name: string) => {
    if (name === "*" || name === "?" || name === "$") return name;
    return context.get(name.toLowerCase())?.[0] ?? whole;
  });
}
