import { ecrClient } from "../aws/ecr.ts";
import { errorName, fromAws } from "../aws/errors.ts";
import type { Aws } from "../aws/session.ts";
import { presetImages } from "../bundle/chart.ts";
import { type Values, valueAt } from "./merge.ts";

/** An image that pods will pull, in this account's registry. */
export interface NamedImage {
  /** `image` or `docs.image`. */
  readonly key: string;
  readonly repository: string;
  readonly tag: string;
}

/** Images of the finished values; none for a registry that is not ECR of this account, which is not looked at. */
export function namedImages(all: Values, aws: Pick<Aws, "account">): readonly NamedImage[] {
  const prefix = repositoryPrefix(all, aws);
  if (prefix === undefined) return [];
  const docs = valueAt(all, "docs", "enabled") === true;
  return presetImages({ values: all }).flatMap(({ key, name, tag }) =>
    tag === undefined || (key === "docs.image" && !docs) ? [] : [{ key, repository: `${prefix}${name}`, tag }],
  );
}

/** What stands between the registry's host and the image's name. A loopback host is the registry of a sandbox. */
function repositoryPrefix(all: Values, aws: Pick<Aws, "account">): string | undefined {
  const [host = "", ...rest] = String(valueAt(all, "image", "registry") ?? "").split("/");
  if (!host.startsWith(`${aws.account}.dkr.ecr`) && !/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host)) return undefined;
  return rest
    .filter((part) => part !== "")
    .map((part) => `${part}/`)
    .join("");
}

/** Whether ECR has the tag. */
export async function isInRegistry(image: NamedImage, aws: Aws, signal: AbortSignal): Promise<boolean> {
  const { DescribeImagesCommand } = await import("@aws-sdk/client-ecr");
  const client = await ecrClient(aws);
  const { repository: repositoryName, tag: imageTag } = image;
  try {
    const command = new DescribeImagesCommand({ registryId: aws.account, repositoryName, imageIds: [{ imageTag }] });
    const answer = await client.send(command, { abortSignal: signal });
    return (answer.imageDetails?.length ?? 0) > 0;
  } catch (thrown) {
    if (["ImageNotFoundException", "RepositoryNotFoundException"].includes(errorName(thrown))) return false;
    throw fromAws(thrown, `looking for ${repositoryName}:${imageTag}`);
  }
}
