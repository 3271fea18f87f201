import { parseArn } from "../arn.ts";
import type { Role } from "../iam/state.ts";
import { readPolicy, type Statement } from "../policy/document.ts";
import { contextOf, decide } from "../policy/evaluate.ts";

/** Who asks for a role, as its trust policy names principals. */
export type Asker =
  | { readonly kind: "Federated"; readonly arn: string }
  | { readonly kind: "Service"; readonly name: string }
  | { readonly kind: "AWS"; readonly arn: string; readonly account: string };

/** Whether the role's trust policy lets `asker` do `action` (`sts:AssumeRoleWithWebIdentity`, ...) in this context. */
export function trusts(
  role: Role,
  asker: Asker,
  action: string,
  values: Readonly<Record<string, string | readonly string[] | undefined>>,
): boolean {
  const statements = readPolicy(role.trust, "trust").filter((statement) => names(statement, asker));
  const ask = { action, resource: role.arn, context: contextOf(values) };
  return decide([{ source: "trust", statements }], undefined, ask).decision === "allowed";
}

function names(statement: Statement, asker: Asker): boolean {
  const listed = statement.principals[asker.kind] ?? [];
  const everybody = statement.principals["AWS"]?.includes("*") ?? false;
  if (asker.kind === "Federated") return listed.includes(asker.arn);
  if (asker.kind === "Service") return listed.includes(asker.name);
  const root = parseArn(asker.arn)?.partition ?? "aws";
  const self = [asker.arn, roleOf(asker.arn), asker.account, `arn:${root}:iam::${asker.account}:root`];
  return everybody || listed.some((name) => self.includes(name));
}

/** ARN of the role behind a session's ARN (paths are lost in session ARNs). */
function roleOf(arn: string): string {
  const match = /^arn:([^:]+):sts::(\d+):assumed-role\/([^/]+)\//.exec(arn);
  return match ? `arn:${match[1]}:iam::${match[2]}:role/${match[3]}` : arn;
}
