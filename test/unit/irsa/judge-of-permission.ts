/**
 * Says what a policy document permits, straight from its JSON, by the rules of "IAM JSON policy evaluation logic".
 * It shares nothing with the product: it is what comparison by meaning is held against.
 */

export interface Request {
  readonly action: string;
  readonly resource?: string;
  /** `Federated` -> ARN. */
  readonly principal?: readonly [string, string];
  /** Keys in lower case. */
  readonly context: Readonly<Record<string, string>>;
}

type Raw = Readonly<Record<string, unknown>>;

/** `deny` beats `allow` beats nothing. */
export function verdict(document: Raw, request: Request): "allow" | "deny" | "nothing" {
  let allowed = false;
  for (const statement of listOf(document["Statement"]) as readonly Raw[]) {
    if (!applies(statement, request, document["Version"] === "2012-10-17")) continue;
    if (statement["Effect"] === "Deny") return "deny";
    allowed = true;
  }
  return allowed ? "allow" : "nothing";
}

function applies(statement: Raw, request: Request, variables: boolean): boolean {
  const acts = (name: unknown) => like(String(name).toLowerCase(), request.action.toLowerCase(), false);
  const on = (name: unknown) => like(String(name), request.resource!, variables);
  if (!part(statement, "Action", acts)) return false;
  if (request.resource !== undefined && !part(statement, "Resource", on)) return false;
  if (request.principal && !admits(statement["Principal"], request.principal)) return false;
  const conditions = Object.entries((statement["Condition"] ?? {}) as Raw);
  return conditions.every(([operator, keys]) =>
    Object.entries(keys as Raw).every(([key, values]) => holds(operator, request.context[key.toLowerCase()], values)),
  );
}

function part(statement: Raw, name: string, hit: (value: unknown) => boolean): boolean {
  if (statement[`Not${name}`] !== undefined) return !listOf(statement[`Not${name}`]).some(hit);
  return listOf(statement[name]).some(hit);
}

function admits(principal: unknown, [kind, name]: readonly [string, string]): boolean {
  if (principal === "*") return true;
  return listOf((principal as Raw)[kind]).includes(name) || listOf((principal as Raw)["AWS"]).includes("*");
}

function holds(operator: string, given: string | undefined, values: unknown): boolean {
  const some = (same: (value: string) => boolean) => listOf(values).some((value) => same(String(value)));
  if (operator === "StringEquals") return given !== undefined && some((value) => value === given);
  if (operator === "StringLike") return given !== undefined && some((value) => like(value, given, false));
  if (operator === "StringNotEquals") return given === undefined || !some((value) => value === given);
  if (operator === "Bool") return given !== undefined && some((value) => value.toLowerCase() === given);
  throw new Error(`the judge does not know ${operator}`);
}

/** Pattern matching by walking, not by regular expressions. `variables`: `${*}` is a star itself. */
function like(pattern: string, text: string, variables: boolean): boolean {
  if (pattern === "") return text === "";
  const escaped = variables ? /^\$\{([*?$])\}/.exec(pattern) : null;
  if (escaped) return text[0] === escaped[1] && like(pattern.slice(4), text.slice(1), variables);
  if (pattern[0] === "*") {
    for (let skip = 0; skip <= text.length; skip += 1)
      if (like(pattern.slice(1), text.slice(skip), variables)) return true;
    return false;
  }
  return (
    text !== "" && (pattern[0] === "?" || pattern[0] === text[0]) && like(pattern.slice(1), text.slice(1), variables)
  );
}

function listOf(value: unknown): readonly unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}
