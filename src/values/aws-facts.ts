import type { Context, Finding } from "../action/context.ts";
import { ecrClient } from "../aws/ecr.ts";
import { errorName, fromAws } from "../aws/errors.ts";
import type { Aws } from "../aws/session.ts";
import { presetImages } from "../bundle/chart.ts";
import { asEksDeployError } from "../errors.ts";
import { type CertificateFacts, certificateFacts } from "../facts/certificate.ts";
import { type CheckpointFacts, checkpointFacts } from "../facts/checkpoint.ts";
import type { ImageFact } from "./check/aws.ts";
import { type Values, valueAt } from "./merge.ts";
import type { RenderedModel } from "./render.ts";

/** What AWS says of the things that the values name. What may not be read is told in `notes`, and is not in the facts. */
export interface AwsFacts {
  readonly region: string;
  readonly account: string;
  readonly certificates: readonly CertificateFacts[];
  readonly prefixes: ReadonlyMap<string, CheckpointFacts>;
  readonly images: readonly ImageFact[];
  readonly notes: readonly Finding[];
}

/** What is to be looked at: certificates of this account and region, the models' prefixes, the images of the values over the chart's defaults. */
export interface AwsQuestions {
  readonly certificateArns: readonly string[];
  readonly models: readonly RenderedModel[];
  readonly all: Values;
}

/** Looks everything up side by side. */
export async function awsFacts(questions: AwsQuestions, aws: Aws, ctx: Context): Promise<AwsFacts> {
  const notes: Finding[] = [];
  const attempt = async <T>(what: string, look: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await look();
    } catch (thrown) {
      const error = asEksDeployError(thrown);
      if (!["AWS_ACCESS_DENIED", "AWS_UNREACHABLE", "BUCKET_REFUSED"].includes(error.code)) throw thrown;
      notes.push(notLookedAt(what, error.happened));
      return undefined;
    }
  };
  const [certificates, prefixes, images] = await Promise.all([
    Promise.all(
      questions.certificateArns.map((arn) =>
        attempt(`the certificate ${arn}`, () => certificateFacts(arn, aws, ctx.signal)),
      ),
    ),
    Promise.all(
      questions.models.map(async ({ key, prefix }) => {
        const facts = await attempt(`the prefix ${prefix}`, () => checkpointFacts(prefix, aws, ctx));
        return facts && ([key, facts] as const);
      }),
    ),
    Promise.all(
      imagesOf(questions.all, registryPrefix(questions.all, aws)).map(async (image) => ({
        ...image,
        there: await attempt(`the image ${image.repository}:${image.tag}`, () => isThere(image, aws, ctx.signal)),
      })),
    ),
  ]);
  return {
    region: aws.region,
    account: aws.account,
    certificates: certificates.filter((found) => found !== undefined),
    prefixes: new Map(prefixes.filter((found) => found !== undefined)),
    images,
    notes,
  };
}

/** A check that was left out, as a warning. */
export function notLookedAt(what: string, why: string): Finding {
  return {
    code: "VALUES_NOT_LOOKED_AT",
    level: "warning",
    happened: `Not looked at: ${what} (${why.split("\n")[0]}).`,
    next: "Grant the reading rights of docs/permissions.md, or check it yourself.",
  };
}

/** Repository prefix of this account's registry; undefined for a registry that is not ECR's here, which is not looked at. */
function registryPrefix(all: Values, aws: Aws): string | undefined {
  const [host = "", ...rest] = String(valueAt(all, "image", "registry") ?? "").split("/");
  if (!host.startsWith(`${aws.account}.dkr.ecr`) && !/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host)) return undefined;
  return rest
    .filter((part) => part !== "")
    .map((part) => `${part}/`)
    .join("");
}

function imagesOf(all: Values, prefix: string | undefined): readonly Omit<ImageFact, "there">[] {
  if (prefix === undefined) return [];
  const docs = valueAt(all, "docs", "enabled") === true;
  return presetImages({ values: all }).flatMap(({ key, name, tag }) =>
    tag === undefined || (key === "docs.image" && !docs) ? [] : [{ key, repository: `${prefix}${name}`, tag }],
  );
}

async function isThere(image: Omit<ImageFact, "there">, aws: Aws, signal: AbortSignal): Promise<boolean> {
  const { DescribeImagesCommand } = await import("@aws-sdk/client-ecr");
  const client = await ecrClient(aws);
  try {
    const answer = await client.send(
      new DescribeImagesCommand({
        registryId: aws.account,
        repositoryName: image.repository,
        imageIds: [{ imageTag: image.tag }],
      }),
      { abortSignal: signal },
    );
    return (answer.imageDetails?.length ?? 0) > 0;
  } catch (thrown) {
    if (["ImageNotFoundException", "RepositoryNotFoundException"].includes(errorName(thrown))) return false;
    throw fromAws(thrown, `looking for ${image.repository}:${image.tag}`);
  }
}
