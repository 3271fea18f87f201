import { parseArn } from "../arn.ts";
import type { Form } from "../form.ts";
import { type QueryOperation, queryService } from "../query.ts";
import type { AwsService } from "../service.ts";
import type { XmlValue } from "../xml.ts";
import { XmlList } from "../xml.ts";
import { policyOperations } from "./policies.ts";
import { providerOperations, type Reachable } from "./providers.ts";
import { roleOperations } from "./roles.ts";
import { simulateOperation } from "./simulate.ts";
import type { IamState } from "./state.ts";

/** IAM, for one account. `reachable` says whether an issuer answers. */
export function createIam(iam: IamState, reachable: Reachable): AwsService {
  return queryService(
    "iam",
    "2010-05-08",
    withRights(iam, {
      ...roleOperations(iam),
      ...policyOperations(iam),
      ...providerOperations(iam, reachable),
      SimulatePrincipalPolicy: simulateOperation(iam),
      GetAccountSummary: { run: () => summary(iam) },
    }),
    (operation) => {
      if (operation.resource === "") return ["*"];
      if (parseArn(operation.resource)) return [operation.resource];
      const role = iam.allRoles().find(({ name }) => name.toLowerCase() === operation.resource.toLowerCase());
      return [role?.arn ?? iam.arn("role", operation.resource)];
    },
  );
}

/** Calls that make something: its ARN, and the action that tags at creation need beside the call's own. */
const creations: Readonly<
  Record<string, { kind: Parameters<IamState["arn"]>[0]; tagging: string; rest: (form: Form) => string }>
> = {
  CreateRole: { kind: "role", tagging: "iam:TagRole", rest: (form) => pathOf(form) + (form.get("RoleName") ?? "") },
  CreatePolicy: {
    kind: "policy",
    tagging: "iam:TagPolicy",
    rest: (form) => pathOf(form) + (form.get("PolicyName") ?? ""),
  },
  CreateOpenIDConnectProvider: {
    kind: "oidc-provider",
    tagging: "iam:TagOpenIDConnectProvider",
    rest: (form) => (form.get("Url") ?? "").replace("https://", ""),
  },
};

const pathOf = (form: Form) => (form.get("Path") ?? "/").slice(1);

/** Adds what authorisation needs to know of IAM's own calls: condition keys (tags sent and standing, the policy attached, the boundary), ARNs of what is made, the right to tag it. */
function withRights(
  iam: IamState,
  operations: Readonly<Record<string, QueryOperation>>,
): Readonly<Record<string, QueryOperation>> {
  const context = (form: Form) => {
    const name = form.get("RoleName")?.toLowerCase();
    const role = iam.allRoles().find((each) => each.name.toLowerCase() === name);
    const sent = form.structures("Tags").map((tag) => [`aws:RequestTag/${tag.get("Key")}`, tag.get("Value") ?? ""]);
    const standing = [...(role?.tags ?? [])].map(([key, value]) => [`aws:ResourceTag/${key}`, value]);
    const policy = form.get("PolicyArn");
    const boundary = form.get("PermissionsBoundary") ?? role?.boundary;
    return {
      ...Object.fromEntries([...sent, ...standing]),
      ...(policy === undefined ? {} : { "iam:PolicyARN": policy }),
      ...(boundary === undefined ? {} : { "iam:PermissionsBoundary": boundary }),
    };
  };
  const added = ([name, operation]: [string, QueryOperation]): [string, QueryOperation] => {
    const made = creations[name];
    if (!made) return [name, { ...operation, context }];
    const iamActions = (form: Form) => [`iam:${name}`, ...(form.structures("Tags").length > 0 ? [made.tagging] : [])];
    const elsewhere = (form: Form) => {
      const arn = iam.arn(made.kind, made.rest(form));
      return { [`iam:${name}`]: arn, [made.tagging]: arn };
    };
    return [name, { ...operation, context, iam: iamActions, elsewhere }];
  };
  return Object.fromEntries(Object.entries(operations).map(added));
}

function summary(iam: IamState): XmlValue {
  const { quotas } = iam;
  const entries: Record<string, number> = {
    Roles: iam.allRoles().length,
    RolesQuota: quotas.roles,
    Policies: iam.allPolicies().length,
    PoliciesQuota: quotas.policies,
    PolicySizeQuota: quotas.policySize,
    AssumeRolePolicySizeQuota: quotas.trustSize,
    VersionsPerPolicyQuota: quotas.versionsPerPolicy,
    AttachedPoliciesPerRoleQuota: quotas.attachedPerRole,
    Providers: iam.allProviders().length,
  };
  return {
    SummaryMap: new XmlList(
      "entry",
      Object.entries(entries).map(([key, value]) => ({ key, value })),
    ),
  };
}
