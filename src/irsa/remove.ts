import type { Change } from "../action/plan.ts";
import { eksClient } from "../aws/eks.ts";
import { errorName, fromAws } from "../aws/errors.ts";
import { iamClient } from "../aws/iam.ts";
import { type Identity, ownerOf, ownerTag, policyArnOf } from "./identity.ts";
import type { ObservedAssociation, ObservedPolicy, ObservedRole } from "./observed.ts";
import { readAssociations } from "./read-eks.ts";
import { type Reader, readPolicy, readRole } from "./read-iam.ts";

/** What is there of an identity, and who uses its policy. */
export interface Remains {
  readonly role: ObservedRole | undefined;
  readonly policy: ObservedPolicy | undefined;
  /** Names of all that the policy is attached to, or bounds. */
  readonly users: readonly string[];
  readonly associations: readonly ObservedAssociation[];
}

/** One deletion. */
export type Removal =
  | { readonly do: "delete-association"; readonly id: string }
  | { readonly do: "detach" }
  | { readonly do: "delete-role" }
  | { readonly do: "delete-version"; readonly id: string }
  | { readonly do: "delete-policy" };

export interface RemovalPlan {
  readonly changes: readonly Change[];
  readonly removals: readonly Removal[];
  /** What stays, each with its reason. */
  readonly kept: readonly string[];
}

/** Reads what a removal is planned from. The cluster may be gone already. */
export async function observeRemains(identity: Identity, reader: Reader): Promise<Remains> {
  const arn = policyArnOf(identity);
  const [role, policy, associations] = await Promise.all([
    readRole(identity.roleName, reader),
    readPolicy(arn, reader),
    readAssociations(identity, reader).catch((thrown: unknown) => {
      if (errorName((thrown as Error).cause) === "ResourceNotFoundException") return [];
      throw thrown;
    }),
  ]);
  return { role, policy, associations: associations ?? [], users: policy ? await usersOf(arn, reader) : [] };
}

async function usersOf(arn: string, { aws, signal }: Reader): Promise<readonly string[]> {
  const { ListEntitiesForPolicyCommand } = await import("@aws-sdk/client-iam");
  const iam = await iamClient(aws);
  const users: string[] = [];
  for (let marker: string | undefined, more = true; more; ) {
    const page = await iam
      .send(new ListEntitiesForPolicyCommand({ PolicyArn: arn, Marker: marker }), { abortSignal: signal })
      .catch((thrown: unknown) => {
        throw fromAws(thrown, `asking who uses the policy ${arn}`);
      });
    users.push(
      ...(page.PolicyRoles ?? []).map((role) => `role ${role.RoleName}`),
      ...(page.PolicyUsers ?? []).map((user) => `user ${user.UserName}`),
      ...(page.PolicyGroups ?? []).map((group) => `group ${group.GroupName}`),
    );
    marker = page.Marker;
    more = page.IsTruncated === true;
  }
  return [...new Set(users)];
}

/** Pure: deletes only what carries our tag and nothing else uses. Whoever still needs the access must be gone first: this is the last step of a removal. */
export function planRemoval(identity: Identity, { role, policy, users, associations }: Remains): RemovalPlan {
  const owner = ownerOf(identity);
  const changes: Change[] = [];
  const removals: Removal[] = [];
  const kept: string[] = [];
  const remove = (removal: Removal, kind: string, name: string, from: string, reason: string) => {
    removals.push(removal);
    changes.push({ verb: "delete", kind, name, from, reason });
  };
  const arn = policyArnOf(identity);
  for (const { id, roleArn, tags } of associations) {
    if (tags[ownerTag] === owner)
      remove({ do: "delete-association", id }, "Pod Identity association", id, roleArn, "it is ours");
    else kept.push(`the Pod Identity association ${id}: it is not ours`);
  }
  const ourRole = role?.tags[ownerTag] === owner ? role : undefined;
  const ourPolicy = policy?.tags[ownerTag] === owner ? policy : undefined;
  if (role && !ourRole) kept.push(`the role ${role.name}: it is not ours`);
  if (policy && !ourPolicy) kept.push(`the policy ${policy.name}: it is not ours`);
  if (ourRole) {
    const attached = ourRole.attached.includes(arn);
    if (attached) remove({ do: "detach" }, "attachment", ourRole.name, arn, "the role is ours");
    const foreign = [...ourRole.attached.filter((each) => each !== arn), ...ourRole.inline.map(({ name }) => name)];
    if (foreign.length > 0) kept.push(`the role ${ourRole.name}: others hung ${foreign.join(", ")} on it`);
    else remove({ do: "delete-role" }, "role", ourRole.name, ourRole.arn, "it is ours and nothing else hangs on it");
  }
  if (ourPolicy) {
    const others = users.filter((user) => !ourRole || user !== `role ${ourRole.name}`);
    if (others.length > 0) kept.push(`the policy ${ourPolicy.name}: ${others.join(", ")} uses it`);
    else {
      for (const id of ourPolicy.versions.filter((each) => each !== ourPolicy.defaultVersion))
        remove(
          { do: "delete-version", id },
          "policy version",
          `${ourPolicy.name} ${id}`,
          "not in use",
          "the policy goes",
        );
      remove({ do: "delete-policy" }, "policy", ourPolicy.name, arn, "it is ours and nothing else uses it");
    }
  }
  return { changes, removals, kept };
}

/** Carries the deletions out in order. What is gone already is no failure. */
export async function removeIdentity(plan: RemovalPlan, identity: Identity, reader: Reader): Promise<void> {
  for (const removal of plan.removals) {
    try {
      await write(removal, identity, reader);
    } catch (thrown) {
      if (/^(NoSuchEntity|ResourceNotFound)/.test(errorName(thrown))) continue;
      throw fromAws(thrown, `removing (${removal.do}) what belongs to ${ownerOf(identity)}`);
    }
  }
}

async function write(removal: Removal, identity: Identity, { aws, signal }: Reader): Promise<void> {
  const options = { abortSignal: signal };
  if (removal.do === "delete-association") {
    const { DeletePodIdentityAssociationCommand } = await import("@aws-sdk/client-eks");
    const input = { clusterName: identity.cluster, associationId: removal.id };
    await (await eksClient(aws)).send(new DeletePodIdentityAssociationCommand(input), options);
    return;
  }
  const sdk = await import("@aws-sdk/client-iam");
  const iam = await iamClient(aws);
  const RoleName = identity.roleName;
  const PolicyArn = policyArnOf(identity);
  if (removal.do === "detach") await iam.send(new sdk.DetachRolePolicyCommand({ RoleName, PolicyArn }), options);
  if (removal.do === "delete-role") await iam.send(new sdk.DeleteRoleCommand({ RoleName }), options);
  if (removal.do === "delete-version")
    await iam.send(new sdk.DeletePolicyVersionCommand({ PolicyArn, VersionId: removal.id }), options);
  if (removal.do === "delete-policy") await iam.send(new sdk.DeletePolicyCommand({ PolicyArn }), options);
}
