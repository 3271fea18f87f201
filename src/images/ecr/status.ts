import { ecrClient } from "../../aws/ecr.ts";
import { errorName, fromAws } from "../../aws/errors.ts";
import type { Aws } from "../../aws/session.ts";

/**
 * `ACTIVE` can be pulled; `ARCHIVED` and `ACTIVATING` exist and cannot. `undefined`: there is no such image, or the caller may not look.
 * Without the filter ECR does not list archived images at all.
 */
export async function imageStatus(
  repository: string,
  digest: string,
  aws: Aws,
  signal: AbortSignal,
): Promise<string | undefined> {
  const client = await ecrClient(aws);
  const { DescribeImagesCommand } = await import("@aws-sdk/client-ecr");
  try {
    const answer = await client.send(
      new DescribeImagesCommand({
        registryId: aws.account,
        repositoryName: repository,
        imageIds: [{ imageDigest: digest }],
        filter: { imageStatus: "ANY" },
      }),
      { abortSignal: signal },
    );
    return answer.imageDetails?.[0]?.imageStatus ?? "ACTIVE";
  } catch (thrown) {
    if (["ImageNotFoundException", "RepositoryNotFoundException", "AccessDeniedException"].includes(errorName(thrown)))
      return undefined;
    throw fromAws(thrown, `describing ${digest} in ${repository}`);
  }
}
