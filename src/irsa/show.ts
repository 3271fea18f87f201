import { canonicalJson, type Json } from "../canonical.ts";
import { type Atom, statementsBeyond } from "./meaning.ts";

type Raw = Readonly<Record<string, unknown>>;

/** A statement as one line for people: `Allow s3:ListBucket on arn:... if StringLike s3:prefix = a, b`. */
export function statementLine(statement: Raw): string {
  const { Effect, Action, NotAction, Resource, NotResource, Principal, NotPrincipal, Condition } = statement;
  const parts = [
    `${String(Effect)} ${listed(Action, NotAction)}`,
    Resource !== undefined || NotResource !== undefined ? `on ${listed(Resource, NotResource)}` : "",
    Principal !== undefined || NotPrincipal !== undefined
      ? `to ${NotPrincipal === undefined ? "" : "all but "}${principal(Principal ?? NotPrincipal)}`
      : "",
    Condition === undefined ? "" : `if ${conditions(Condition as Readonly<Record<string, Raw>>)}`,
  ];
  return parts.filter((part) => part !== "").join(" ");
}

/** The statements that `document` has beyond `other`, a line each. */
export function linesBeyond(document: object, other: readonly Atom[]): readonly string[] {
  return statementsBeyond(document as Raw, other).map(statementLine);
}

/** What a document says, in one line. */
export function documentLine(document: object): string {
  const { Statement } = document as { readonly Statement: unknown };
  return (Array.isArray(Statement) ? Statement : [Statement]).map((each) => statementLine(each as Raw)).join("\n");
}

/** A document to read or to paste. */
export function documentText(document: object): string {
  return JSON.stringify(document, null, 2);
}

function listed(positive: unknown, negative: unknown): string {
  const text = (value: unknown) => (Array.isArray(value) ? value.map(String).join(", ") : String(value));
  return negative === undefined ? text(positive) : `all but ${text(negative)}`;
}

function principal(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return Object.values(value)
    .map((names) => listed(names, undefined))
    .join(", ");
}

function conditions(value: Readonly<Record<string, Raw>>): string {
  return Object.entries(value)
    .flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, values]) => `${operator} ${key} = ${listed(values, undefined)}`),
    )
    .join(" and ");
}

/** One line of JSON with sorted keys: equal documents give equal lines in an end state. */
export function stable(document: object): Json {
  return JSON.parse(canonicalJson(document as unknown as Json)) as Json;
}
