import type { Form } from "../form.ts";
import { contextOf } from "../policy/evaluate.ts";
import { type QueryOperation, required } from "../query.ts";
import { AwsError, NotBuilt } from "../service.ts";
import { members, type XmlValue } from "../xml.ts";
import { roleVerdict } from "./authority.ts";
import { page } from "./names.ts";
import type { IamState } from "./state.ts";

const unbuilt = [
  "PolicyInputList",
  "PermissionsBoundaryPolicyInputList",
  "ResourcePolicy",
  "ResourceOwner",
  "CallerArn",
  "ResourceHandlingOption",
];

/** SimulatePrincipalPolicy for a role: its own policies and boundary, as they stand in IAM. */
export function simulateOperation(iam: IamState): QueryOperation {
  return {
    resource: (form) => form.get("PolicySourceArn") ?? "",
    run: (form) => page(form, simulate(iam, form), "EvaluationResults", (result) => result),
  };
}

function simulate(iam: IamState, form: Form): readonly XmlValue[] {
  for (const name of unbuilt)
    if (form.get(name) !== undefined || form.list(name).length > 0)
      throw new NotBuilt("iam", `SimulatePrincipalPolicy with ${name}`);
  const source = required(form, "PolicySourceArn");
  const role = iam.allRoles().find(({ arn }) => arn === source);
  if (!role) throw new AwsError(404, "NoSuchEntity", `The role with ARN ${source} cannot be found.`);
  const actions = form.list("ActionNames");
  if (actions.length === 0) required(form, "ActionNames");
  for (const action of actions)
    if (!/^[a-z0-9-]+:[A-Za-z0-9*]+$/.test(action))
      throw new AwsError(400, "InvalidInput", `Invalid action name: ${action}`);
  const resources = form.list("ResourceArns");
  const context = contextOf(
    Object.fromEntries(
      form
        .structures("ContextEntries")
        .map((entry) => [entry.get("ContextKeyName") ?? "", entry.list("ContextKeyValues")]),
    ),
  );
  const policy = (arn: string) => iam.effectivePolicy(arn);
  return actions.flatMap((action) =>
    (resources.length > 0 ? resources : ["*"]).map((resource) => {
      const { decision, matched, missing } = roleVerdict(role, policy, { action, resource, context });
      const statements = members(matched.map((name) => ({ SourcePolicyId: name, SourcePolicyType: "IAM Policy" })));
      const specific = resource !== "*";
      return {
        EvalActionName: action,
        EvalResourceName: resource,
        EvalDecision: decision,
        MatchedStatements: statements,
        // With resources named, what is missing is told per resource (API reference of EvaluationResult).
        MissingContextValues: members(specific ? [] : missing),
        ResourceSpecificResults: specific
          ? members([
              {
                EvalResourceName: resource,
                EvalResourceDecision: decision,
                MatchedStatements: statements,
                MissingContextValues: members(missing),
              },
            ])
          : undefined,
        PermissionsBoundaryDecisionDetail: role.boundary && {
          AllowedByPermissionsBoundary: decision !== "implicitDeny",
        },
      };
    }),
  );
}
