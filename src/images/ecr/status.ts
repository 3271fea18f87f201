import { ecrClient } from "../../aws/ecr.ts";
import { errorName, fromAws } from "../../aws/errors.ts";
import type { Aws } from "../../aws/session.ts";
import { isDigest } from "../oci/descriptor.ts";

/** An image as ECR describes it. */
export interface DescribedImage {
  readonly digest: string;
  /** `ACTIVE` can be pulled; `ARCHIVED` and `ACTIVATING` exist and cannot. */
  readonly status: string;
}

/**
 * The image under a tag or a digest, whatever its state: the registry's wire does not show archived images, and without the filter neither does
 * this call. `undefined`: there is no such image, or the caller may not look.
 */
export async function describeImage(
  repository: string,
  reference: string,
  aws: Aws,
  signal: AbortSignal,
): Promise<DescribedImage | undefined> {
  const client = await ecrClient(aws);
  const { DescribeImagesCommand } = await import("@aws-sdk/client-ecr");
  try {
    const answer = await client.send(
      new DescribeImagesCommand({
        registryId: aws.account,
        repositoryName: repository,
        imageIds: [isDigest(reference) ? { imageDigest: reference } : { imageTag: reference }],
        filter: { imageStatus: "ANY" },
      }),
      { abortSignal: signal },
    );
    const { imageDigest, imageStatus = "ACTIVE" } = answer.imageDetails?.[0] ?? {};
    return imageDigest === undefined ? undefined : { digest: imageDigest, status: imageStatus };
  } catch (thrown) {
    if (["ImageNotFoundException", "RepositoryNotFoundException", "AccessDeniedException"].includes(errorName(thrown)))
      return undefined;
    throw fromAws(thrown, `describing ${repository}${isDigest(reference) ? "@" : ":"}${reference}`);
  }
}

/** What the images of a repository take in ECR; `undefined` where the repository is not there, or may not be looked at. */
export async function repositorySize(
  repository: string,
  aws: Aws,
  signal: AbortSignal,
): Promise<{ readonly images: number; readonly bytes: number } | undefined> {
  const { paginateDescribeImages } = await import("@aws-sdk/client-ecr");
  const client = await ecrClient(aws);
  const wanted = { registryId: aws.account, repositoryName: repository, filter: { imageStatus: "ANY" as const } };
  let [images, bytes] = [0, 0];
  try {
    for await (const { imageDetails = [] } of paginateDescribeImages({ client }, wanted, { abortSignal: signal })) {
      images += imageDetails.length;
      bytes += imageDetails.reduce((sum, { imageSizeInBytes = 0 }) => sum + imageSizeInBytes, 0);
    }
    return { images, bytes };
  } catch (thrown) {
    if (["RepositoryNotFoundException", "AccessDeniedException"].includes(errorName(thrown))) return undefined;
    throw fromAws(thrown, `describing the images of ${repository}`);
  }
}
