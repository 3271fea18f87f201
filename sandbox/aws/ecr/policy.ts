import { readPolicy } from "../policy/document.ts";
import { type Ask, type Decision, decide } from "../policy/evaluate.ts";
import type { Caller } from "../service.ts";

/** Who asks: the session or user, and the role that bounds a session. */
export interface Principal {
  readonly caller: Caller;
  readonly roleArn: string | undefined;
}

interface RawStatement {
  readonly Principal?: unknown;
}

/** What a repository's policy says about one request. It names principals and no resource: it stands for the repository that it hangs on. */
export function repositoryDecision(policy: string | undefined, principal: Principal, ask: Ask): Decision {
  if (policy === undefined) return "implicitDeny";
  const document = JSON.parse(policy) as { readonly Statement: RawStatement | readonly RawStatement[] };
  const about = [document.Statement].flat().filter((statement) => names(statement.Principal, principal));
  if (about.length === 0) return "implicitDeny";
  const statements = readPolicy(withoutPrincipals(document, about), "identity");
  return decide([{ source: "repository policy", statements }], undefined, ask).decision;
}

/** The text as `readPolicy` takes it. */
export function withoutPrincipals(document: object, statements: readonly RawStatement[]): string {
  const bare = statements.map(({ Principal: _, ...rest }) => ({ ...rest, Resource: "*" }));
  return JSON.stringify({ ...document, Statement: bare });
}

/** Whether a statement's principal is the one who asks; an account stands for everybody in it ("AWS JSON policy elements: Principal", IAM user guide). */
function names(element: unknown, { caller, roleArn }: Principal): boolean {
  const listed =
    element === "*" ? ["*"] : [(element as { readonly AWS?: string | readonly string[] }).AWS ?? []].flat();
  return listed.some((name) => {
    if (name === "*" || name === caller.account || name === caller.arn || name === roleArn) return true;
    return /^arn:[^:]+:iam::(\d{12}):root$/.exec(name)?.[1] === caller.account;
  });
}
