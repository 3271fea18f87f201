import { parseArn } from "../arn.ts";
import type { Form } from "../form.ts";
import { type QueryOperation, required } from "../query.ts";
import { AwsError } from "../service.ts";
import type { XmlValue } from "../xml.ts";
import { checkDocument, givenBack } from "./documents.ts";
import { checkName, checkPath, page, readTags, shownTags } from "./names.ts";
import type { IamState, Role } from "./state.ts";

const byRole = (form: Form) => form.get("RoleName") ?? "";

/** IAM's calls on roles. */
export function roleOperations(iam: IamState): Readonly<Record<string, QueryOperation>> {
  const change = (form: Form, to: (role: Role) => Partial<Role>): undefined => {
    const role = iam.role(required(form, "RoleName"));
    iam.putRole({ ...role, ...to(role) }, role.name);
    return undefined;
  };
  return {
    GetRole: {
      resource: byRole,
      run: (form) => ({ Role: showRole(iam, iam.seenRole(required(form, "RoleName"))) }),
    },
    CreateRole: { write: true, resource: byRole, run: (form) => ({ Role: showRole(iam, createRole(iam, form)) }) },
    DeleteRole: { write: true, resource: byRole, run: (form) => deleteRole(iam, form) },
    TagRole: {
      write: true,
      resource: byRole,
      run: (form) => change(form, ({ tags }) => ({ tags: readTags(form, tags) })),
    },
    UpdateAssumeRolePolicy: {
      write: true,
      resource: byRole,
      run: (form) =>
        change(form, () => {
          const trust = required(form, "PolicyDocument");
          checkTrust(iam, trust);
          return { trust };
        }),
    },
    PutRolePermissionsBoundary: {
      write: true,
      resource: byRole,
      run: (form) =>
        change(form, () => {
          const boundary = required(form, "PermissionsBoundary");
          iam.policy(boundary);
          return { boundary };
        }),
    },
    ListRolePolicies: {
      resource: byRole,
      run: (form) =>
        page(form, [...iam.seenRole(required(form, "RoleName")).inline.keys()], "PolicyNames", (name) => name),
    },
    GetRolePolicy: {
      resource: byRole,
      run: (form) => {
        const role = iam.seenRole(required(form, "RoleName"));
        const name = required(form, "PolicyName");
        const document = role.inline.get(name);
        if (document === undefined)
          throw new AwsError(404, "NoSuchEntity", `The role policy with name ${name} cannot be found.`);
        return { RoleName: role.name, PolicyName: name, PolicyDocument: givenBack(document) };
      },
    },
    ListAttachedRolePolicies: {
      resource: byRole,
      run: (form) =>
        page(form, iam.seenRole(required(form, "RoleName")).attached, "AttachedPolicies", (arn) => ({
          PolicyName: arn.split("/").at(-1) ?? "",
          PolicyArn: arn,
        })),
    },
    AttachRolePolicy: { write: true, resource: byRole, run: (form) => change(form, (role) => attach(iam, role, form)) },
    DetachRolePolicy: {
      write: true,
      resource: byRole,
      run: (form) =>
        change(form, (role) => {
          const arn = required(form, "PolicyArn");
          if (!role.attached.includes(arn)) throw new AwsError(404, "NoSuchEntity", `Policy ${arn} was not found.`);
          return { attached: role.attached.filter((other) => other !== arn) };
        }),
    },
  };
}

function createRole(iam: IamState, form: Form): Role {
  const name = required(form, "RoleName");
  const path = form.get("Path") ?? "/";
  checkName("roleName", name, 64);
  checkPath(path);
  const trust = required(form, "AssumeRolePolicyDocument");
  checkTrust(iam, trust);
  const tags = readTags(form);
  if (iam.allRoles().some((role) => role.name.toLowerCase() === name.toLowerCase()))
    throw new AwsError(409, "EntityAlreadyExists", `Role with name ${name} already exists.`);
  if (iam.allRoles().length >= iam.quotas.roles)
    throw new AwsError(409, "LimitExceeded", `Cannot exceed quota for RolesPerAccount: ${iam.quotas.roles}`);
  const boundary = form.get("PermissionsBoundary");
  if (boundary !== undefined) iam.policy(boundary);
  const maxSessionSeconds = form.number("MaxSessionDuration") ?? 3600;
  if (maxSessionSeconds < 3600 || maxSessionSeconds > 43_200)
    throw new AwsError(
      400,
      "ValidationError",
      `1 validation error detected: Value '${maxSessionSeconds}' at 'maxSessionDuration' failed to satisfy constraint: Member must have value between 3600 and 43200`,
    );
  const role: Role = {
    name,
    path,
    arn: iam.arn("role", `${path.slice(1)}${name}`),
    id: iam.newId("AROA", name),
    account: iam.account,
    trust,
    description: form.get("Description"),
    maxSessionSeconds,
    boundary,
    tags,
    inline: new Map(),
    attached: [],
    createdAt: iam.now(),
  };
  iam.putRole(role, name);
  return role;
}

function checkTrust(iam: IamState, trust: string): void {
  checkDocument(trust, "trust", { name: "ACLSizePerRole", size: iam.quotas.trustSize });
  for (const [, arn = ""] of trust.matchAll(/"(arn:[^"]*:role\/[^"]*)"/g)) {
    const own = parseArn(arn)?.account === iam.account;
    if (own && !iam.allRoles().some((role) => role.arn === arn))
      throw new AwsError(400, "MalformedPolicyDocument", `Invalid principal in policy: "AWS":"${arn}"`);
  }
}

function deleteRole(iam: IamState, form: Form): undefined {
  const role = iam.role(required(form, "RoleName"));
  const conflict = (what: string) => new AwsError(409, "DeleteConflict", `Cannot delete entity, must ${what} first.`);
  if (role.attached.length > 0) throw conflict("detach all policies");
  if (role.inline.size > 0) throw conflict("delete policies");
  iam.putRole(undefined, role.name);
  return undefined;
}

function attach(iam: IamState, role: Role, form: Form): Partial<Role> {
  const arn = required(form, "PolicyArn");
  iam.policy(arn);
  if (role.attached.includes(arn)) return {};
  if (role.attached.length >= iam.quotas.attachedPerRole)
    throw new AwsError(409, "LimitExceeded", `Cannot exceed quota for PoliciesPerRole: ${iam.quotas.attachedPerRole}`);
  return { attached: [...role.attached, arn] };
}

function showRole(iam: IamState, role: Role): XmlValue {
  const ids = new Map(iam.allRoles().map((other) => [other.arn, other.id]));
  // IAM keeps ids of principals: the ARN of a role that is gone comes back as its id.
  const principal = (arn: string) =>
    arn.includes(":role/") && arn.includes(iam.account) && !ids.has(arn) ? "AROADELETEDPRINCIPALXX" : arn;
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: new Date(role.createdAt),
    AssumeRolePolicyDocument: givenBack(role.trust, principal),
    Description: role.description,
    MaxSessionDuration: role.maxSessionSeconds,
    PermissionsBoundary: role.boundary && {
      PermissionsBoundaryType: "PermissionsBoundaryPolicy",
      PermissionsBoundaryArn: role.boundary,
    },
    Tags: shownTags(role.tags),
    RoleLastUsed: {},
  };
}
