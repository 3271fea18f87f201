import type { Change } from "../action/plan.ts";
import { ecrClient } from "../aws/ecr.ts";
import { errorName, fromAws } from "../aws/errors.ts";
import type { Aws } from "../aws/session.ts";

/** An image reference (`host/repository:tag`, `host/repository@sha256:...`) in its parts. */
export interface ImageReference {
  readonly host: string;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** The parts of a reference that names its registry; `undefined` for any other. */
export function parseReference(reference: string): ImageReference | undefined {
  const [, host, repository, tag, digest] =
    /^([^/\s]+)\/([^@:\s]+)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(reference) ?? [];
  if (host === undefined || repository === undefined || !/[.:]|^localhost$/.test(host)) return undefined;
  return { host, repository, tag: tag ?? (digest ? undefined : "latest"), digest };
}

/** Whether a registry's host is ECR of the session's account. A loopback host is what ECR answers in a sandbox. */
export function isOwnRegistry(host: string, aws: Pick<Aws, "account">): boolean {
  return host.startsWith(`${aws.account}.dkr.ecr`) || /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host);
}

/** The digest that a tag has in ECR; `undefined` where image or repository is not there. An archived image cannot be pulled and counts as not there. */
export async function taggedDigest(
  { repository, tag }: Pick<ImageReference, "repository" | "tag">,
  aws: Aws,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { DescribeImagesCommand } = await import("@aws-sdk/client-ecr");
  const client = await ecrClient(aws);
  const imageIds = [{ imageTag: tag }];
  try {
    const command = new DescribeImagesCommand({ registryId: aws.account, repositoryName: repository, imageIds });
    const answer = await client.send(command, { abortSignal: signal });
    return answer.imageDetails?.[0]?.imageDigest;
  } catch (thrown) {
    if (["ImageNotFoundException", "RepositoryNotFoundException"].includes(errorName(thrown))) return undefined;
    throw fromAws(thrown, `looking for ${repository}:${tag}`);
  }
}

/** Whether earlier steps bring the image (`repository:tag`). One change may stand for all images of a source that is read once. */
export function bringsImage(upcoming: readonly Change[], image: string): boolean {
  return upcoming.some(
    ({ kind, name, verb }) =>
      verb !== "delete" && (kind === "images" || (kind === "image" && (name === image || name.endsWith(`/${image}`)))),
  );
}
