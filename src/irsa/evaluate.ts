import type { Atom, Condition, Scope } from "./meaning.ts";

/** One request, as IAM sees it. Context keys in lower case; a key that is absent here is not known, which is not the same as not there. */
export interface Request {
  readonly action: string;
  /** Absent where a trust policy is asked. */
  readonly resource?: string;
  /** `Federated:arn...`, `Service:...`; absent where a permission policy is asked. */
  readonly principal?: string;
  readonly context: Readonly<Record<string, string>>;
}

export type Answer = "allowed" | "explicitDeny" | "implicitDeny" | "unsure";

/** What atoms say about a request: a deny wins, an allow is needed; `unsure` where it hangs on a condition that cannot be judged here. */
export function decide(atoms: readonly Atom[], request: Request): Answer {
  const fitting = atoms.filter((atom) => fits(atom, request));
  const held = fitting.map((atom) => ({
    effect: atom.effect,
    holds: conditionsHold(atom.conditions, request.context),
  }));
  if (held.some(({ effect, holds }) => effect === "Deny" && holds === true)) return "explicitDeny";
  if (held.some(({ effect, holds }) => effect === "Deny" && holds === undefined)) return "unsure";
  if (held.some(({ effect, holds }) => effect === "Allow" && holds === true)) return "allowed";
  return held.some(({ effect, holds }) => effect === "Allow" && holds === undefined) ? "unsure" : "implicitDeny";
}

/** Whether a statement's action, resource and principal cover the request. */
function fits(atom: Atom, { action, resource, principal }: Request): boolean {
  return (
    inScope(atom.action, (name) => matches(name, action, true)) &&
    (resource === undefined || inScope(atom.resource, (name) => matches(name, resource, false))) &&
    (principal === undefined || inScope(atom.principal, (name) => name === principal || name === "AWS:*"))
  );
}

function inScope(scope: Scope | undefined, hit: (name: string) => boolean): boolean {
  return scope === undefined || scope.names.some(hit) !== scope.not;
}

function conditionsHold(conditions: readonly Condition[], context: Request["context"]): boolean | undefined {
  const held = conditions.map((condition) => conditionHolds(condition, context));
  if (held.includes(false)) return false;
  return held.includes(undefined) ? undefined : true;
}

/** `undefined`: an operator, a variable or a key that is not judged here. */
function conditionHolds({ operator, key, values }: Condition, context: Request["context"]): boolean | undefined {
  const given = context[key];
  if (given === undefined || values.some((value) => value.includes("${"))) return undefined;
  switch (operator.replace(/^For(AnyValue|AllValues):/, "").replace(/IfExists$/, "")) {
    case "StringEquals":
      return values.includes(given);
    case "StringNotEquals":
      return !values.includes(given);
    case "StringEqualsIgnoreCase":
      return values.some((value) => value.toLowerCase() === given.toLowerCase());
    case "StringLike":
    case "ArnLike":
    case "ArnEquals":
      return values.some((value) => matches(value, given, false));
    case "StringNotLike":
      return !values.some((value) => matches(value, given, false));
    default:
      return undefined;
  }
}

/** Whether IAM's pattern (`*`, `?`) takes the text; actions have no case. */
export function matches(pattern: string, text: string, caseless: boolean): boolean {
  return new RegExp(`^${expression(pattern)}$`, caseless ? "is" : "s").test(text);
}

/** `${*}`, `${?}` and `${$}` are the characters themselves. */
function expression(pattern: string): string {
  return pattern.replace(/\$\{([*?$])\}|[*?]|[^*?$]+|\$/g, (piece, character: string | undefined) => {
    if (piece === "*") return ".*";
    if (piece === "?") return ".";
    return (character ?? piece).replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
  });
}

/** Whether everything that `inner` takes is taken by `outer` too. Never wrongly true. */
export function subsumes(outer: string, inner: string, caseless: boolean): boolean {
  if (outer === "*" || outer === inner) return true;
  if (outer.includes("${") || inner.includes("${")) return false;
  // A star of `inner` can stand for anything, so only a star may take it: neither a letter nor a question mark does.
  const source = [...outer].map((letter) =>
    letter === "*" ? ".*" : letter === "?" ? "[^*]" : letter.replace(/[.+^${}()|[\]\\/-]/g, "\\$&"),
  );
  return new RegExp(`^${source.join("")}$`, caseless ? "is" : "s").test(inner);
}
