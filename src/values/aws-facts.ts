import type { Context, Finding } from "../action/context.ts";
import { elbClient } from "../aws/elb.ts";
import { errorName, fromAws } from "../aws/errors.ts";
import type { Aws } from "../aws/session.ts";
import { asEksDeployError } from "../errors.ts";
import { type CertificateFacts, certificateFacts } from "../facts/certificate.ts";
import { type CheckpointFacts, checkpointFacts } from "../facts/checkpoint.ts";
import { taggedDigest } from "../facts/image.ts";
import type { PushedImages } from "../facts/pushed-image.ts";
import type { Values } from "./merge.ts";
import { type NamedImage, namedImages } from "./registry-images.ts";
import type { RenderedModel } from "./render.ts";

/** An image, and what its tag has in the registry. */
export interface ImageFact extends NamedImage {
  /** Undefined where it may not be looked at. */
  readonly digest: string | "absent" | undefined;
  /** The digest that was pushed, or that the record names; undefined where nobody says. */
  readonly pushed: string | undefined;
}

/** What AWS says of the things that the values name. What may not be looked at is told in `notes`, and missing in the rest. */
export interface AwsFacts {
  readonly region: string;
  readonly account: string;
  readonly certificates: readonly CertificateFacts[];
  /** By model key. */
  readonly prefixes: ReadonlyMap<string, CheckpointFacts>;
  /** Why a model's prefix cannot be listed at all (no such bucket, another region), by model key. */
  readonly refused: ReadonlyMap<string, string>;
  readonly images: readonly ImageFact[];
  /** Whether load balancers know the TLS policy; undefined where it was not asked. */
  readonly sslPolicyKnown: boolean | undefined;
  readonly notes: readonly Finding[];
}

/** What is to be looked at. */
export interface AwsQuestions {
  /** Of this account and region. */
  readonly certificateArns: readonly string[];
  readonly models: readonly RenderedModel[];
  /** The values over the chart's defaults. */
  readonly all: Values;
  /** A policy that the user chose; the guide's own is not asked about. */
  readonly sslPolicy: string | undefined;
  /** What was pushed, as push-images or the record tells. */
  readonly pushed: PushedImages;
}

/** Looks everything up side by side. */
export async function awsFacts(questions: AwsQuestions, aws: Aws, ctx: Context): Promise<AwsFacts> {
  const notes: Finding[] = [];
  const refused = new Map<string, string>();
  const attempt = async <T>(
    what: string,
    look: () => Promise<T>,
    onRefusal?: (why: string) => void,
  ): Promise<T | undefined> => {
    try {
      return await look();
    } catch (thrown) {
      const error = asEksDeployError(thrown);
      if (["AWS_ACCESS_DENIED", "AWS_UNREACHABLE"].includes(error.code)) notes.push(notLookedAt(what, error.happened));
      else if (onRefusal && ["AWS_REFUSED", "CHECKPOINT_MANIFEST_INVALID"].includes(error.code))
        onRefusal(error.happened);
      else throw error;
      return undefined;
    }
  };
  const { certificateArns, models, all, sslPolicy } = questions;
  const pushed = Object.values(questions.pushed);
  const [certificates, prefixes, images, sslPolicyKnown] = await Promise.all([
    Promise.all(
      certificateArns.map((arn) => attempt(`the certificate ${arn}`, () => certificateFacts(arn, aws, ctx.signal))),
    ),
    Promise.all(
      models.map(async ({ key, prefix }) => {
        const look = () => checkpointFacts(prefix, aws, ctx);
        const facts = await attempt(`the prefix ${prefix}`, look, (why) => refused.set(key, why));
        return facts && ([key, facts] as const);
      }),
    ),
    Promise.all(
      namedImages(all, aws).map(async (image) => {
        const what = `the image ${image.repository}:${image.tag}`;
        const digest = await attempt(what, async () => (await taggedDigest(image, aws, ctx.signal)) ?? "absent");
        const told = pushed.find(({ repository, tag }) => repository === image.repository && tag === image.tag);
        return { ...image, digest, pushed: told?.digest };
      }),
    ),
    sslPolicy && attempt(`the TLS policy ${sslPolicy}`, () => isSslPolicy(sslPolicy, aws, ctx.signal)),
  ]);
  return {
    region: aws.region,
    account: aws.account,
    certificates: certificates.filter((found) => found !== undefined),
    prefixes: new Map(prefixes.filter((found) => found !== undefined)),
    refused,
    images,
    sslPolicyKnown: sslPolicyKnown === "" ? undefined : sslPolicyKnown,
    notes,
  };
}

async function isSslPolicy(name: string, aws: Aws, signal: AbortSignal): Promise<boolean> {
  const { DescribeSSLPoliciesCommand } = await import("@aws-sdk/client-elastic-load-balancing-v2");
  const client = await elbClient(aws);
  try {
    await client.send(new DescribeSSLPoliciesCommand({ Names: [name] }), { abortSignal: signal });
    return true;
  } catch (thrown) {
    if (errorName(thrown).startsWith("SSLPolicyNotFound")) return false;
    throw fromAws(thrown, `looking for the TLS policy ${name}`);
  }
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
