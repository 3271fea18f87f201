import type { Context } from "../policy/conditions.ts";
import { readPolicy } from "../policy/document.ts";
import { decide, type PolicySet, type Verdict } from "../policy/evaluate.ts";
import type { IamState, ManagedPolicy, Role } from "./state.ts";

/** The identity policies of a role: inline ones, then the default versions of attached ones. */
export function policiesOf(role: Role, policy: (arn: string) => ManagedPolicy | undefined): readonly PolicySet[] {
  const inline = [...role.inline].map(([source, text]) => ({ source, statements: readPolicy(text, "identity") }));
  return [...inline, ...role.attached.flatMap((arn) => setOf(policy(arn)) ?? [])];
}

function setOf(policy: ManagedPolicy | undefined): PolicySet | undefined {
  const version = policy?.versions.find(({ id }) => id === policy.defaultVersion);
  return policy && version && { source: policy.name, statements: readPolicy(version.document, "identity") };
}

/** What a role's policies and boundary say about one request. */
export function roleVerdict(
  role: Role,
  policy: (arn: string) => ManagedPolicy | undefined,
  ask: { readonly action: string; readonly resource: string; readonly context: Context },
): Verdict {
  const boundary =
    role.boundary === undefined
      ? undefined
      : (setOf(policy(role.boundary)) ?? { source: role.boundary, statements: [] });
  return decide(policiesOf(role, policy), boundary, ask);
}

/** Whether the services would let a session of the role do it now, propagation included. */
export function roleMay(iam: IamState, roleArn: string, action: string, resource: string, context: Context): Verdict {
  const role = iam.assumableRole(roleArn);
  if (!role) return { decision: "implicitDeny", matched: [], missing: [] };
  return roleVerdict(role, (arn) => iam.effectivePolicy(arn), { action, resource, context });
}
