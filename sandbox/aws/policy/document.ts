/** One statement of a policy, each member as a list. Negated members have their own field. */
export interface Statement {
  readonly sid: string | undefined;
  readonly effect: "Allow" | "Deny";
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly resources: readonly string[];
  readonly notResources: readonly string[];
  /** Principals by kind: `AWS`, `Federated`, `Service`; `*` for everybody. Trust policies only. */
  readonly principals: Readonly<Record<string, readonly string[]>>;
  readonly conditions: readonly Condition[];
}

export interface Condition {
  /** As written, `ForAnyValue:StringEqualsIfExists` included. */
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

export type PolicyKind = "identity" | "trust";

/** Why IAM does not take a document, in IAM's words. */
export class MalformedPolicy extends Error {}

const syntax = "Syntax errors in policy.";
const known = new Set([
  "Sid",
  "Effect",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Principal",
  "NotPrincipal",
  "Condition",
]);

/** Reads a policy as strictly as IAM; throws `MalformedPolicy`. Grammar: "Grammar of the IAM JSON policy language", IAM user guide. */
export function readPolicy(text: string, kind: PolicyKind): readonly Statement[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new MalformedPolicy("This policy contains invalid Json");
  }
  const document = object(parsed);
  for (const key of Object.keys(document))
    if (!["Version", "Id", "Statement"].includes(key)) throw new MalformedPolicy(syntax);
  if (document["Version"] !== undefined && !["2012-10-17", "2008-10-17"].includes(String(document["Version"])))
    throw new MalformedPolicy(syntax);
  if (document["Statement"] === undefined) throw new MalformedPolicy("Missing required field Statement");
  const list = Array.isArray(document["Statement"]) ? document["Statement"] : [document["Statement"]];
  if (list.length === 0) throw new MalformedPolicy(syntax);
  const statements = list.map((statement) => readStatement(object(statement), kind));
  const sids = statements.flatMap((statement) => statement.sid ?? []);
  if (new Set(sids).size < sids.length)
    throw new MalformedPolicy("Statement IDs (SID) in a single policy must be unique.");
  return statements;
}

function readStatement(raw: Readonly<Record<string, unknown>>, kind: PolicyKind): Statement {
  for (const key of Object.keys(raw)) if (!known.has(key)) throw new MalformedPolicy(syntax);
  if (raw["Effect"] === undefined) throw new MalformedPolicy("Missing required field Effect");
  if (raw["Effect"] !== "Allow" && raw["Effect"] !== "Deny") throw new MalformedPolicy(syntax);
  const has = (name: string) => raw[name] !== undefined;
  if (has("Action") === has("NotAction"))
    throw new MalformedPolicy(has("Action") ? syntax : "Missing required field Action");
  if (kind === "identity") {
    if (has("Principal") || has("NotPrincipal"))
      throw new MalformedPolicy("Policy document should not specify a principal.");
    if (has("Resource") === has("NotResource"))
      throw new MalformedPolicy(has("Resource") ? syntax : "Policy statement must contain resources.");
  } else {
    if (has("Resource") || has("NotResource")) throw new MalformedPolicy("Has prohibited field Resource");
    if (!has("Principal") && !has("NotPrincipal")) throw new MalformedPolicy("Missing required field Principal");
    if (has("NotPrincipal")) throw new MalformedPolicy("AssumeRole policy may not specify NotPrincipal");
  }
  const sid = raw["Sid"];
  if (sid !== undefined && (typeof sid !== "string" || !/^[A-Za-z0-9]*$/.test(sid)))
    throw new MalformedPolicy(
      "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
    );
  const statement: Statement = {
    sid: sid as string | undefined,
    effect: raw["Effect"],
    actions: strings(raw["Action"]),
    notActions: strings(raw["NotAction"]),
    resources: strings(raw["Resource"]),
    notResources: strings(raw["NotResource"]),
    principals: readPrincipals(raw["Principal"]),
    conditions: readConditions(raw["Condition"]),
  };
  checkNames(statement, kind);
  return statement;
}

function checkNames(statement: Statement, kind: PolicyKind): void {
  for (const action of [...statement.actions, ...statement.notActions]) {
    if (action === "*" && kind === "identity") continue;
    if (!/^[A-Za-z0-9*?-]+:[A-Za-z0-9*?]+$/.test(action))
      throw new MalformedPolicy("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
    if (kind === "trust" && !action.toLowerCase().startsWith("sts:"))
      throw new MalformedPolicy("AssumeRole policy may only specify STS AssumeRole actions.");
  }
  for (const resource of [...statement.resources, ...statement.notResources])
    if (resource !== "*" && !/^(arn:[^:]*:[^:]*:[^:]*:[^:]*:.+|\*.*)$/s.test(resource))
      throw new MalformedPolicy(`Resource ${resource} must be in ARN format or "*".`);
}

function readPrincipals(raw: unknown): Readonly<Record<string, readonly string[]>> {
  if (raw === undefined) return {};
  if (raw === "*") return { AWS: ["*"] };
  const principals: Record<string, readonly string[]> = {};
  for (const [kind, value] of Object.entries(object(raw))) {
    if (!["AWS", "Federated", "Service", "CanonicalUser"].includes(kind)) throw new MalformedPolicy(syntax);
    principals[kind] = strings(value);
  }
  return principals;
}

function readConditions(raw: unknown): readonly Condition[] {
  if (raw === undefined) return [];
  return Object.entries(object(raw)).flatMap(([operator, keys]) => {
    if (!isOperator(operator)) throw new MalformedPolicy(`Invalid Condition type : ${operator}.`);
    return Object.entries(object(keys)).map(([key, values]) => ({ operator, key, values: strings(values) }));
  });
}

const operators = new Set(
  [
    "String:Equals NotEquals EqualsIgnoreCase NotEqualsIgnoreCase Like NotLike",
    "Arn:Equals NotEquals Like NotLike",
    "Numeric:Equals NotEquals LessThan LessThanEquals GreaterThan GreaterThanEquals",
    "Date:Equals NotEquals LessThan LessThanEquals GreaterThan GreaterThanEquals",
  ]
    .flatMap((line) => {
      const [family = "", names = ""] = line.split(":");
      return names.split(" ").map((name) => family + name);
    })
    .concat("Bool", "IpAddress", "NotIpAddress", "BinaryEquals", "Null"),
);

function isOperator(text: string): boolean {
  const bare = text.replace(/^For(AnyValue|AllValues):/, "").replace(/IfExists$/, "");
  return operators.has(bare);
}

function strings(raw: unknown): readonly string[] {
  if (raw === undefined) return [];
  const list: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
  return list.map((value) => {
    if (typeof value === "string") return value;
    if (typeof value === "boolean" || typeof value === "number") return String(value);
    throw new MalformedPolicy(syntax);
  });
}

function object(raw: unknown): Readonly<Record<string, unknown>> {
  if (raw === null || typeof raw !== "object" || Array.isArray(raw)) throw new MalformedPolicy(syntax);
  return raw as Readonly<Record<string, unknown>>;
}
