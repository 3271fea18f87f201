import { canonicalJson, type Json } from "../canonical.ts";
import { RemoteError } from "../errors.ts";
import type { PolicyDocument } from "./documents.ts";

/** Names that a statement is about, or (`not`) is not about. */
export interface Scope {
  readonly not: boolean;
  readonly names: readonly string[];
}

export interface Condition {
  /** As written, `ForAnyValue:StringLikeIfExists` included. */
  readonly operator: string;
  /** Lower case: condition keys have no case. */
  readonly key: string;
  readonly values: readonly string[];
}

/**
 * The smallest piece of a policy: one effect on one action, one resource and one principal under conditions that all must hold.
 * A document means the union of its atoms, however they were grouped, ordered or written.
 */
export interface Atom {
  readonly effect: "Allow" | "Deny";
  readonly action: Scope;
  /** Absent in trust policies. */
  readonly resource: Scope | undefined;
  /** `Federated:arn...`, `Service:...`, `AWS:...`; absent in permission policies. */
  readonly principal: Scope | undefined;
  readonly conditions: readonly Condition[];
  /** `${...}` stands for itself: the document's version has no variables. */
  readonly literal: boolean;
}

type Raw = Readonly<Record<string, unknown>>;

/** A document as IAM gives it back (percent-encoded or not), as data. What is no policy is `IRSA_DOCUMENT`. */
export function parseDocument(text: string): Raw {
  try {
    const value: unknown = JSON.parse(text.trimStart().startsWith("{") ? text : decodeURIComponent(text));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Raw;
  } catch (cause) {
    throw unreadable(cause);
  }
  throw unreadable(undefined);
}

/** The atoms of a document, each once. */
export function atomsOf(document: Raw | PolicyDocument): readonly Atom[] {
  const { Version, Statement } = document as Raw;
  const statements = asList(Statement) as readonly Raw[];
  const atoms = statements.flatMap((statement) => atomsOfStatement(statement, Version !== "2012-10-17"));
  return [...new Map(atoms.map((atom) => [keyOf(atom), atom])).values()];
}

/** The atoms of one statement. */
export function atomsOfStatement(statement: Raw, oldVersion = false): readonly Atom[] {
  if (statement["Effect"] !== "Allow" && statement["Effect"] !== "Deny") throw unreadable(undefined);
  const literal = oldVersion && JSON.stringify(statement).includes("${");
  const conditions = conditionsOf(statement["Condition"]);
  const atoms: Atom[] = [];
  for (const action of scopes(statement, "Action"))
    for (const resource of scopes(statement, "Resource"))
      for (const principal of principals(statement))
        atoms.push({ effect: statement["Effect"], action: action!, resource, principal, conditions, literal });
  return atoms.filter((atom) => atom.action !== undefined && !isVoid(atom));
}

/** Equal for atoms of equal meaning. */
export function keyOf(atom: Atom): string {
  const { effect, action, resource, principal, literal } = atom;
  const lower = { not: action.not, names: unique(action.names.map((name) => name.toLowerCase())) };
  const conditions = unique(atom.conditions.map((condition) => canonicalJson(condition as unknown as Json)));
  return canonicalJson({ effect, action: lower, resource, principal, conditions, literal } as unknown as Json);
}

/** Whether two documents grant and refuse the same, as far as their atoms are the same. Never true for documents that differ in what they grant. */
export function sameMeaning(one: Raw | PolicyDocument, other: Raw | PolicyDocument): boolean {
  const [left, right] = [atomsOf(one).map(keyOf).sort(), atomsOf(other).map(keyOf).sort()];
  return left.length === right.length && left.every((key, index) => key === right[index]);
}

/** The statements of `document` that hold an atom which `other` does not have. */
export function statementsBeyond(document: Raw | PolicyDocument, other: readonly Atom[]): readonly Raw[] {
  const known = new Set(other.map(keyOf));
  const { Version, Statement } = document as Raw;
  return (asList(Statement) as readonly Raw[]).filter((statement) =>
    atomsOfStatement(statement, Version !== "2012-10-17").some((atom) => !known.has(keyOf(atom))),
  );
}

/** Values sorted, each once. */
function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort();
}

function asList(value: unknown): readonly unknown[] {
  return value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
}

function names(value: unknown): readonly string[] {
  return unique(asList(value).map(String));
}

/** One scope per name; a negated list stays together, because it excludes all its names at once. */
function scopes(statement: Raw, what: "Action" | "Resource"): readonly (Scope | undefined)[] {
  const not = statement[`Not${what}`];
  if (not !== undefined) return [{ not: true, names: names(not) }];
  if (statement[what] === undefined) return [undefined];
  return names(statement[what]).map((name) => ({ not: false, names: [name] }));
}

function principals(statement: Raw): readonly (Scope | undefined)[] {
  const not = statement["NotPrincipal"];
  if (not !== undefined) return [{ not: true, names: principalNames(not) }];
  if (statement["Principal"] === undefined) return [undefined];
  return principalNames(statement["Principal"]).map((name) => ({ not: false, names: [name] }));
}

function principalNames(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return names(value).map((name) => `AWS:${name}`);
  return unique(
    Object.entries(value).flatMap(([kind, listed]) => names(listed).map((name) => `${kind}:${accountOf(name)}`)),
  );
}

/** An account is written as its id or as the ARN of its root. */
function accountOf(name: string): string {
  return /^arn:[^:]+:iam::(\d{12}):root$/.exec(name)?.[1] ?? name;
}

function conditionsOf(raw: unknown): readonly Condition[] {
  const conditions = Object.entries((raw ?? {}) as Readonly<Record<string, Raw>>).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => ({
      operator,
      key: key.toLowerCase(),
      values: /^Bool|^Null/.test(operator) ? names(values).map((value) => value.toLowerCase()) : names(values),
    })),
  );
  return conditions.sort((one, other) =>
    canonicalJson(one as unknown as Json) < canonicalJson(other as unknown as Json) ? -1 : 1,
  );
}

/** IAM shows a principal that was deleted as its id: nobody is meant any more. */
function isVoid(atom: Atom): boolean {
  return (
    atom.principal !== undefined &&
    !atom.principal.not &&
    atom.principal.names.every((name) => /^AWS:A(ROA|IDA)[A-Z0-9]{12,}$/.test(name))
  );
}

function unreadable(cause: unknown): RemoteError {
  return new RemoteError("IRSA_DOCUMENT", {
    happened: "IAM gave a policy document that is no policy document.",
    next: "Look at the role's trust and policies in the IAM console, and run again.",
    cause,
  });
}
