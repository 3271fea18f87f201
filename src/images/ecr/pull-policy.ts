import { ecrClient } from "../../aws/ecr.ts";
import { errorName, fromAws } from "../../aws/errors.ts";
import type { Aws } from "../../aws/session.ts";
import { canonicalJson, type Json } from "../../canonical.ts";
import { UserError } from "../../errors.ts";
import { ownerTag } from "../../facts/owner.ts";
import type { Repository } from "./repositories.ts";

const pullActions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
const sid = "EksDeployPull";

/** The repository policy that lets `accounts` pull, and nothing else. */
export function pullPolicy(accounts: readonly string[], partition: string): Json {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: sid,
        Effect: "Allow",
        Principal: { AWS: [...accounts].sort().map((account) => `arn:${partition}:iam::${account}:root`) },
        Action: pullActions,
      },
    ],
  };
}

/** Whether a policy as ECR gives it back grants exactly the pull that `wanted` does: order, and one value in or out of a list, mean nothing. */
export function samePolicy(text: string | undefined, wanted: Json): boolean {
  if (text === undefined) return false;
  try {
    return canonicalJson(plain(JSON.parse(text) as Json)) === canonicalJson(plain(wanted));
  } catch {
    return false;
  }
}

function plain(value: Json): Json {
  if (Array.isArray(value)) {
    const items = value.map(plain);
    if (items.length === 1) return items[0]!;
    return items.toSorted((one, other) => (canonicalJson(one) < canonicalJson(other) ? -1 : 1));
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item!)]));
}

/** Whether the repository's policy must change for `accounts` to pull. A stranger's repository is refused: its settings are not ours. */
export async function pullPolicyDiffers(
  repository: Repository,
  accounts: readonly string[],
  owner: string,
  aws: Aws,
  signal: AbortSignal,
): Promise<boolean> {
  const client = await ecrClient(aws);
  const { GetRepositoryPolicyCommand, ListTagsForResourceCommand } = await import("@aws-sdk/client-ecr");
  const id = { registryId: aws.account, repositoryName: repository.name };
  const read = client.send(new GetRepositoryPolicyCommand(id), { abortSignal: signal }).catch((thrown: unknown) => {
    if (errorName(thrown) === "RepositoryPolicyNotFoundException") return { policyText: undefined };
    throw fromAws(thrown, `reading the policy of the repository ${repository.name}`);
  });
  if (samePolicy((await read).policyText, pullPolicy(accounts, aws.partition))) return false;
  const { tags } = await client
    .send(new ListTagsForResourceCommand({ resourceArn: repository.arn }), { abortSignal: signal })
    .catch((thrown: unknown) => {
      throw fromAws(thrown, `reading the tags of the repository ${repository.name}`);
    });
  const found = tags?.find((tag) => tag.Key === ownerTag)?.Value;
  if (found === owner) return true;
  throw new UserError("REPOSITORY_STRANGER", {
    happened: `pull-accounts would change the policy of the repository ${repository.name}, which ${found ? `belongs to ${found}` : "eks-deploy did not make"}.`,
    next: `Leave pull-accounts out and let its owner grant the pull, or tag it: aws ecr tag-resource --resource-arn ${repository.arn} --tags Key=${ownerTag},Value=${owner}`,
  });
}

/** Lets `accounts` pull from a repository that is ours. */
export async function setPullPolicy(
  repository: string,
  accounts: readonly string[],
  aws: Aws,
  signal: AbortSignal,
): Promise<void> {
  const client = await ecrClient(aws);
  const { SetRepositoryPolicyCommand } = await import("@aws-sdk/client-ecr");
  const policyText = JSON.stringify(pullPolicy(accounts, aws.partition));
  const input = { registryId: aws.account, repositoryName: repository, policyText };
  await client.send(new SetRepositoryPolicyCommand(input), { abortSignal: signal }).catch((thrown: unknown) => {
    throw fromAws(thrown, `setting the policy of the repository ${repository}`);
  });
}
