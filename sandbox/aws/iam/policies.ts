import type { Form } from "../form.ts";
import { type QueryOperation, required } from "../query.ts";
import { AwsError } from "../service.ts";
import { members, type XmlValue } from "../xml.ts";
import { checkDocument, givenBack } from "./documents.ts";
import { checkName, checkPath, page, readTags, shownTags } from "./names.ts";
import type { IamState, ManagedPolicy, PolicyVersion } from "./state.ts";

const byArn = (form: Form) => form.get("PolicyArn") ?? "";

/** IAM's calls on managed policies and their versions. */
export function policyOperations(iam: IamState): Readonly<Record<string, QueryOperation>> {
  const own = (form: Form): ManagedPolicy => {
    const policy = iam.policy(required(form, "PolicyArn"));
    if (isAwsManaged(policy))
      throw new AwsError(403, "AccessDenied", `Cannot change the AWS managed policy ${policy.arn}`);
    return policy;
  };
  const put = (policy: ManagedPolicy) => iam.putPolicy({ ...policy, updatedAt: iam.now() }, policy.arn);
  return {
    GetPolicy: {
      resource: byArn,
      run: (form) => ({ Policy: showPolicy(iam, iam.seenPolicy(required(form, "PolicyArn"))) }),
    },
    GetPolicyVersion: {
      resource: byArn,
      run: (form) => {
        const policy = iam.seenPolicy(required(form, "PolicyArn"));
        const version = versionOf(policy, required(form, "VersionId"));
        return { PolicyVersion: { ...showVersion(policy, version), Document: givenBack(version.document) } };
      },
    },
    ListPolicyVersions: {
      resource: byArn,
      run: (form) => {
        const policy = iam.seenPolicy(required(form, "PolicyArn"));
        return page(form, [...policy.versions].reverse(), "Versions", (version) => showVersion(policy, version));
      },
    },
    ListPolicies: { run: (form) => listed(iam, form) },
    ListEntitiesForPolicy: { resource: byArn, run: (form) => entities(iam, form) },
    CreatePolicy: {
      write: true,
      resource: (form) => form.get("PolicyName") ?? "",
      run: (form) => ({ Policy: showPolicy(iam, createPolicy(iam, form)) }),
    },
    TagPolicy: {
      write: true,
      resource: byArn,
      run: (form) => {
        const policy = own(form);
        put({ ...policy, tags: readTags(form, policy.tags) });
        return undefined;
      },
    },
    CreatePolicyVersion: {
      write: true,
      resource: byArn,
      run: (form) => {
        const policy = own(form);
        const document = required(form, "PolicyDocument");
        checkDocument(document, "identity", { name: "PolicySize", size: iam.quotas.policySize });
        if (policy.versions.length >= iam.quotas.versionsPerPolicy)
          throw new AwsError(
            409,
            "LimitExceeded",
            `A managed policy can have up to ${iam.quotas.versionsPerPolicy} versions. Before you create a new version, you must delete an existing version.`,
          );
        const last = Math.max(...policy.versions.map(({ id }) => Number(id.slice(1))), policy.lastVersion);
        const version: PolicyVersion = { id: `v${last + 1}`, document, createdAt: iam.now() };
        const defaultVersion = form.get("SetAsDefault") === "true" ? version.id : policy.defaultVersion;
        const next = { ...policy, versions: [...policy.versions, version], defaultVersion, lastVersion: last + 1 };
        put(next);
        return { PolicyVersion: showVersion(next, version) };
      },
    },
    DeletePolicyVersion: {
      write: true,
      resource: byArn,
      run: (form) => {
        const policy = own(form);
        const version = versionOf(policy, required(form, "VersionId"));
        if (version.id === policy.defaultVersion)
          throw new AwsError(409, "DeleteConflict", "Cannot delete the default version of a policy.");
        put({ ...policy, versions: policy.versions.filter((other) => other !== version) });
        return undefined;
      },
    },
    DeletePolicy: {
      write: true,
      resource: byArn,
      run: (form) => {
        const policy = own(form);
        if (iam.allRoles().some(({ attached }) => attached.includes(policy.arn)))
          throw new AwsError(409, "DeleteConflict", "Cannot delete a policy attached to entities.");
        if (iam.allRoles().some(({ boundary }) => boundary === policy.arn))
          throw new AwsError(409, "DeleteConflict", "Cannot delete a policy that is used as a permissions boundary.");
        if (policy.versions.length > 1)
          throw new AwsError(
            409,
            "DeleteConflict",
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
          );
        iam.putPolicy(undefined, policy.arn);
        return undefined;
      },
    },
  };
}

function isAwsManaged({ arn }: ManagedPolicy): boolean {
  return arn.includes(":iam::aws:");
}

function createPolicy(iam: IamState, form: Form): ManagedPolicy {
  const name = required(form, "PolicyName");
  const path = form.get("Path") ?? "/";
  checkName("policyName", name, 128);
  checkPath(path);
  const document = required(form, "PolicyDocument");
  checkDocument(document, "identity", { name: "PolicySize", size: iam.quotas.policySize });
  const tags = readTags(form);
  const own = iam.allPolicies().filter((policy) => !isAwsManaged(policy));
  if (own.some((policy) => policy.name.toLowerCase() === name.toLowerCase()))
    throw new AwsError(
      409,
      "EntityAlreadyExists",
      `A policy called ${name} already exists. Duplicate names are not allowed.`,
    );
  if (own.length >= iam.quotas.policies)
    throw new AwsError(409, "LimitExceeded", `Cannot exceed quota for PoliciesPerAccount: ${iam.quotas.policies}`);
  const policy: ManagedPolicy = {
    name,
    path,
    arn: iam.arn("policy", `${path.slice(1)}${name}`),
    id: iam.newId("ANPA", name),
    description: form.get("Description"),
    tags,
    versions: [{ id: "v1", document, createdAt: iam.now() }],
    defaultVersion: "v1",
    lastVersion: 1,
    createdAt: iam.now(),
    updatedAt: iam.now(),
  };
  iam.putPolicy(policy, policy.arn);
  return policy;
}

/** Policies as a list shows them: without their tags. */
function listed(iam: IamState, form: Form): XmlValue {
  const scope = form.get("Scope") ?? "All";
  const found = iam.allPolicies().filter((policy) => scope === "All" || (scope === "AWS") === isAwsManaged(policy));
  return page(form, found, "Policies", (policy) => ({ ...showPolicy(iam, policy), Tags: undefined }));
}

function entities(iam: IamState, form: Form): XmlValue {
  const { arn } = iam.seenPolicy(required(form, "PolicyArn"));
  const usage = form.get("PolicyUsageFilter");
  const filter = form.get("EntityFilter");
  const uses = iam.allRoles().filter(({ attached, boundary }) => {
    if (filter !== undefined && filter !== "Role") return false;
    const attaches = usage !== "PermissionsBoundary" && attached.includes(arn);
    return attaches || (usage !== "PermissionsPolicy" && boundary === arn);
  });
  return {
    PolicyGroups: members([]),
    PolicyUsers: members([]),
    ...(page(form, uses, "PolicyRoles", ({ name, id }) => ({ RoleName: name, RoleId: id })) as Record<
      string,
      XmlValue
    >),
  };
}

function versionOf(policy: ManagedPolicy, id: string): PolicyVersion {
  const version = policy.versions.find((candidate) => candidate.id === id);
  if (version) return version;
  throw new AwsError(404, "NoSuchEntity", `Policy ${policy.arn} version ${id} does not exist or is not attachable.`);
}

function showVersion(policy: ManagedPolicy, version: PolicyVersion): Record<string, XmlValue> {
  return {
    VersionId: version.id,
    IsDefaultVersion: version.id === policy.defaultVersion,
    CreateDate: new Date(version.createdAt),
  };
}

function showPolicy(iam: IamState, policy: ManagedPolicy): Record<string, XmlValue> {
  const roles = iam.allRoles();
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: policy.defaultVersion,
    AttachmentCount: roles.filter(({ attached }) => attached.includes(policy.arn)).length,
    PermissionsBoundaryUsageCount: roles.filter(({ boundary }) => boundary === policy.arn).length,
    IsAttachable: true,
    Description: policy.description,
    CreateDate: new Date(policy.createdAt),
    UpdateDate: new Date(policy.updatedAt),
    Tags: shownTags(policy.tags),
  };
}
