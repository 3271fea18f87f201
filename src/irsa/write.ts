import { eksClient } from "../aws/eks.ts";
import { iamClient } from "../aws/iam.ts";
import { digestOf } from "../canonical.ts";
import { audience } from "./documents.ts";
import { type Identity, ownerOf } from "./identity.ts";
import type { Reader } from "./read-iam.ts";
import type { Act } from "./step.ts";
import type { Wanted } from "./wanted.ts";

/** Makes one write. Throws what the SDK throws. */
export async function writeAct(act: Act, identity: Identity, wanted: Wanted, { aws, signal }: Reader): Promise<void> {
  if (act.do === "create-association" || act.do === "update-association")
    return writeAssociation(act, identity, wanted, { aws, signal });
  const sdk = await import("@aws-sdk/client-iam");
  const iam = await iamClient(aws);
  const options = { abortSignal: signal };
  const { roleName: RoleName, path: Path } = identity;
  const PolicyArn = wanted.policyArn;
  switch (act.do) {
    case "create-provider": {
      // No thumbprint: AWS trusts the authority of EKS issuers itself.
      const input = { Url: act.url, ClientIDList: [audience], Tags: tagList(act.tags) };
      await iam.send(new sdk.CreateOpenIDConnectProviderCommand(input), options);
      return;
    }
    case "create-policy": {
      const input = { PolicyName: identity.policyName, Path, PolicyDocument: JSON.stringify(act.document) };
      const description = `Read access of ${ownerOf(identity)} to its checkpoints`;
      await iam.send(
        new sdk.CreatePolicyCommand({ ...input, Description: description, Tags: tagList(act.tags) }),
        options,
      );
      return;
    }
    case "tag-policy":
      await iam.send(new sdk.TagPolicyCommand({ PolicyArn, Tags: tagList(act.tags) }), options);
      return;
    case "delete-version":
      await iam.send(new sdk.DeletePolicyVersionCommand({ PolicyArn, VersionId: act.id }), options);
      return;
    case "create-version": {
      const input = { PolicyArn, PolicyDocument: JSON.stringify(act.document), SetAsDefault: true };
      await iam.send(new sdk.CreatePolicyVersionCommand(input), options);
      return;
    }
    case "create-role": {
      const input = {
        RoleName,
        Path,
        AssumeRolePolicyDocument: JSON.stringify(act.trust),
        Description: `Model servers of ${ownerOf(identity)}`,
        Tags: tagList(act.tags),
        ...(act.boundary === undefined ? {} : { PermissionsBoundary: act.boundary }),
      };
      await iam.send(new sdk.CreateRoleCommand(input), options);
      return;
    }
    case "tag-role":
      await iam.send(new sdk.TagRoleCommand({ RoleName, Tags: tagList(act.tags) }), options);
      return;
    case "put-boundary":
      await iam.send(new sdk.PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary: act.arn }), options);
      return;
    case "update-trust": {
      const input = { RoleName, PolicyDocument: JSON.stringify(act.trust) };
      await iam.send(new sdk.UpdateAssumeRolePolicyCommand(input), options);
      return;
    }
    case "attach":
      await iam.send(new sdk.AttachRolePolicyCommand({ RoleName, PolicyArn }), options);
      return;
  }
}

async function writeAssociation(
  act: Extract<Act, { do: "create-association" | "update-association" }>,
  identity: Identity,
  wanted: Wanted,
  { aws, signal }: Reader,
): Promise<void> {
  const sdk = await import("@aws-sdk/client-eks");
  const eks = await eksClient(aws);
  const { cluster: clusterName, namespace, serviceAccount } = identity;
  // Session tags carry namespace and service account: the role's trust asks for them.
  const settings = { clusterName, roleArn: wanted.roleArn, disableSessionTags: false };
  if (act.do === "create-association") {
    const clientRequestToken = digestOf([ownerOf(identity), wanted.roleArn]).slice(0, 40);
    const input = { ...settings, namespace, serviceAccount, clientRequestToken, tags: { ...act.tags } };
    await eks.send(new sdk.CreatePodIdentityAssociationCommand(input), { abortSignal: signal });
    return;
  }
  const input = { ...settings, associationId: act.id };
  await eks.send(new sdk.UpdatePodIdentityAssociationCommand(input), { abortSignal: signal });
}

function tagList(tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
