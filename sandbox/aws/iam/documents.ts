import { MalformedPolicy, type PolicyKind, readPolicy } from "../policy/document.ts";
import { AwsError } from "../service.ts";

/** Refuses what IAM refuses: bad grammar, and documents over the quota (white space does not count). */
export function checkDocument(text: string, kind: PolicyKind, quota: { readonly name: string; readonly size: number }) {
  if (text.length > 131_072)
    throw new AwsError(
      400,
      "ValidationError",
      "1 validation error detected: Value at 'policyDocument' failed to satisfy constraint: Member must have length less than or equal to 131072",
    );
  try {
    readPolicy(text, kind);
  } catch (thrown) {
    if (thrown instanceof MalformedPolicy) throw new AwsError(400, "MalformedPolicyDocument", thrown.message);
    throw thrown;
  }
  if (text.replace(/\s/g, "").length > quota.size)
    throw new AwsError(409, "LimitExceeded", `Cannot exceed quota for ${quota.name}: ${quota.size}`);
}

/**
 * A document as IAM gives it back: percent-encoded, members in another order, lists of one as plain values and the other way round.
 * Its meaning is the one that was sent.
 */
export function givenBack(text: string, principals: (arn: string) => string = (arn) => arn): string {
  const document = JSON.parse(text) as { readonly Statement: unknown };
  const list = Array.isArray(document.Statement) ? document.Statement : [document.Statement];
  const statements = list.map((raw) => statement(raw as Readonly<Record<string, unknown>>, principals));
  const { Statement: _, ...rest } = document;
  const shown = { ...reversed(rest), Statement: statements.length === 1 ? statements[0] : statements };
  return percentEncode(JSON.stringify(shown));
}

function statement(raw: Readonly<Record<string, unknown>>, principals: (arn: string) => string): unknown {
  const shown: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(reversed(raw))) {
    if (key === "Condition")
      shown[key] = condition(value as Readonly<Record<string, Readonly<Record<string, unknown>>>>);
    else if (key === "Principal" && typeof value === "object" && value !== null)
      shown[key] = Object.fromEntries(
        Object.entries(value).map(([kind, names]) => [kind, kind === "AWS" ? named(names, principals) : turned(names)]),
      );
    else if (/Action$|Resource$/.test(key)) shown[key] = turned(value);
    else shown[key] = value;
  }
  return shown;
}

function named(names: unknown, principals: (arn: string) => string): unknown {
  return turned(Array.isArray(names) ? names.map(String).map(principals) : principals(String(names)));
}

function condition(raw: Readonly<Record<string, Readonly<Record<string, unknown>>>>): unknown {
  return Object.fromEntries(
    Object.entries(reversed(raw)).map(([operator, keys]) => [
      operator,
      Object.fromEntries(Object.entries(reversed(keys)).map(([key, values]) => [key, turned(values)])),
    ]),
  );
}

/** A list of one becomes its value, a value a list of one, a longer list is turned round. */
function turned(value: unknown): unknown {
  if (!Array.isArray(value)) return [value];
  return value.length === 1 ? value[0] : [...value].reverse();
}

function reversed<T>(raw: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(raw).reverse());
}

function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
