import { ecrClient } from "../../aws/ecr.ts";
import { errorName, fromAws } from "../../aws/errors.ts";
import type { Aws } from "../../aws/session.ts";
import { UserError } from "../../errors.ts";
import { ownerTag } from "../../facts/owner.ts";
import { describeRepositories } from "./repositories.ts";
import type { RepositorySettings } from "./settings.ts";

/** Makes a repository with our tag. One that another run made in the meantime is as good, and used as it is; gives whether it is this run's. */
export async function createRepository(
  name: string,
  settings: RepositorySettings,
  aws: Aws,
  signal: AbortSignal,
): Promise<boolean> {
  const client = await ecrClient(aws);
  const { CreateRepositoryCommand } = await import("@aws-sdk/client-ecr");
  const { mutability, exclusions, scanOnPush, encryptionKey, owner } = settings;
  try {
    await client.send(
      new CreateRepositoryCommand({
        registryId: aws.account,
        repositoryName: name,
        imageTagMutability: mutability,
        ...(exclusions.length > 0
          ? {
              imageTagMutabilityExclusionFilters: exclusions.map((filter) => ({
                filterType: "WILDCARD" as const,
                filter,
              })),
            }
          : {}),
        ...(scanOnPush === "registry" ? {} : { imageScanningConfiguration: { scanOnPush: scanOnPush === "true" } }),
        ...(encryptionKey
          ? { encryptionConfiguration: { encryptionType: "KMS" as const, kmsKey: encryptionKey } }
          : {}),
        tags: [{ Key: ownerTag, Value: owner }],
      }),
      { abortSignal: signal },
    );
    return true;
  } catch (thrown) {
    if (errorName(thrown) === "RepositoryAlreadyExistsException") {
      if ((await describeRepositories([name], aws, signal)).has(name)) return false;
    }
    if (errorName(thrown) === "LimitExceededException") {
      throw new UserError("REPOSITORY_QUOTA", {
        happened: `The account's number of repositories is used up; ${name} cannot be made.`,
        next: "Raise the quota (aws service-quotas request-service-quota-increase --service-code ecr), or remove repositories that nobody uses.",
        cause: thrown,
      });
    }
    if (errorName(thrown) === "KmsException") {
      throw new UserError("REPOSITORY_KEY", {
        happened: `ECR cannot use the key ${encryptionKey} for ${name}: ${(thrown as Error).message}`,
        next: "Use an enabled symmetric key of this region, and give the role kms:DescribeKey, kms:CreateGrant and kms:RetireGrant on it.",
        cause: thrown,
      });
    }
    throw fromAws(thrown, `creating the repository ${name}`);
  }
}
