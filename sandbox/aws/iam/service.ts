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
    withContext(iam, {
      ...roleOperations(iam),
      ...policyOperations(iam),
      ...providerOperations(iam, reachable),
      SimulatePrincipalPolicy: simulateOperation(iam),
      GetAccountSummary: { run: () => summary(iam) },
    }),
    (operation) => {
      if (operation.resource === "") return ["*"];
      if (parseArn(operation.resource)) return [operation.resource];
      if (operation.name === "CreatePolicy") return [iam.arn("policy", operation.resource)];
      if (operation.name === "CreateOpenIDConnectProvider")
        return [iam.arn("oidc-provider", operation.resource.replace("https://", ""))];
      const role = iam.allRoles().find(({ name }) => name.toLowerCase() === operation.resource.toLowerCase());
      return [role?.arn ?? iam.arn("role", operation.resource)];
    },
  );
}

/** Adds the condition keys that IAM sets for its own calls: tags sent and standing, the policy attached, the boundary. */
function withContext(
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
  return Object.fromEntries(Object.entries(operations).map(([name, operation]) => [name, { ...operation, context }]));
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
