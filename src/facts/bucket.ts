import type { Context } from "../action/context.ts";
import { errorName, errorStatus, fromAws } from "../aws/errors.ts";
import { s3Client } from "../aws/s3.ts";
import type { Aws } from "../aws/session.ts";
import { UserError } from "../errors.ts";

/** A bucket's default encryption. */
export interface BucketEncryption {
  readonly algorithm: "AES256" | "aws:kms" | "aws:kms:dsse";
  /** Id, alias or ARN, as it was configured; absent with AES256, and with KMS where the AWS managed key `aws/s3` is used. */
  readonly key: string | undefined;
  readonly bucketKey: boolean;
}

/** What can be read of a bucket. */
export interface BucketFacts {
  readonly name: string;
  readonly arn: string;
  readonly region: string;
  /** Account that owns it: the expected one, or the request would have been refused. */
  readonly owner: string;
  /** `undefined`: may not be read (`s3:GetEncryptionConfiguration`). */
  readonly encryption: BucketEncryption | undefined;
}

/**
 * Reads region, owner and default encryption. `owner` is the account that must own the bucket (the caller's own where not given).
 * Errors: `BUCKET_NOT_FOUND`, `BUCKET_REFUSED` (another owner, or no right), `BUCKET_REGION` (it lies elsewhere), `BUCKET_DIRECTORY`.
 */
export async function bucketFacts(
  name: string,
  aws: Aws,
  ctx: Context,
  owner: string = aws.account,
): Promise<BucketFacts> {
  if (name.endsWith("--x-s3")) throw directoryBucket(name);
  const { HeadBucketCommand } = await import("@aws-sdk/client-s3");
  const client = await s3Client(aws);
  const [head, encryption] = await Promise.all([
    client
      .send(new HeadBucketCommand({ Bucket: name, ExpectedBucketOwner: owner }), { abortSignal: ctx.signal })
      .catch((thrown: unknown) => {
        throw headProblem(thrown, name, owner, aws);
      }),
    encryptionOf(name, owner, aws, ctx).catch((thrown: unknown) => thrown),
  ]);
  if (head.BucketLocationType) throw directoryBucket(name);
  if (head.BucketRegion && head.BucketRegion !== aws.region) throw otherRegion(name, head.BucketRegion, aws.region);
  if (encryption instanceof Error) throw encryption;
  return {
    name,
    arn: head.BucketArn ?? `arn:${aws.partition}:s3:::${name}`,
    region: head.BucketRegion ?? aws.region,
    owner,
    encryption: encryption as BucketEncryption | undefined,
  };
}

async function encryptionOf(
  name: string,
  owner: string,
  aws: Aws,
  ctx: Context,
): Promise<BucketEncryption | undefined> {
  const { GetBucketEncryptionCommand } = await import("@aws-sdk/client-s3");
  const client = await s3Client(aws);
  try {
    const command = new GetBucketEncryptionCommand({ Bucket: name, ExpectedBucketOwner: owner });
    const answer = await client.send(command, { abortSignal: ctx.signal });
    const rule = answer.ServerSideEncryptionConfiguration?.Rules?.[0];
    const algorithm = rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm ?? "AES256";
    return {
      algorithm: algorithm as BucketEncryption["algorithm"],
      key: rule?.ApplyServerSideEncryptionByDefault?.KMSMasterKeyID,
      bucketKey: rule?.BucketKeyEnabled ?? false,
    };
  } catch (thrown) {
    if (errorName(thrown) === "ServerSideEncryptionConfigurationNotFoundError")
      return { algorithm: "AES256", key: undefined, bucketKey: false };
    if (errorStatus(thrown) === 403) return undefined;
    throw fromAws(thrown, `reading the encryption of the bucket ${name}`);
  }
}

/** HEAD answers carry no body: status and region are all there is. */
function headProblem(thrown: unknown, name: string, owner: string, aws: Aws): Error {
  const status = errorStatus(thrown);
  const headers = (thrown as { $response?: { headers?: Record<string, string> } }).$response?.headers ?? {};
  const region = headers["x-amz-bucket-region"];
  if (status === 404)
    return new UserError("BUCKET_NOT_FOUND", {
      happened: `There is no bucket ${name}.`,
      next: "Correct bucket (checkpoints.bucket in the spec), or create it.",
      cause: thrown,
    });
  if (status === 301 || status === 400)
    return region && region !== aws.region
      ? otherRegion(name, region, aws.region)
      : fromAws(thrown, `looking at the bucket ${name}`);
  if (status === 403)
    return new UserError("BUCKET_REFUSED", {
      happened: `The bucket ${name} refuses ${aws.arn}: it is not owned by account ${owner}, or the role may not list it.`,
      next: "Check the bucket's name and owner (bucket-owner), and that the role has s3:ListBucket on it.",
      cause: thrown,
    });
  return fromAws(thrown, `looking at the bucket ${name}`);
}

function otherRegion(name: string, region: string, wanted: string): UserError {
  return new UserError("BUCKET_REGION", {
    happened: `The bucket ${name} lies in ${region}; this run works in ${wanted}. Nothing was written.`,
    next: `Set aws-region: ${region}, or name a bucket in ${wanted}.`,
  });
}

function directoryBucket(name: string): UserError {
  return new UserError("BUCKET_DIRECTORY", {
    happened: `${name} is a directory bucket, which model servers cannot read by prefix as they need to.`,
    next: "Use a general purpose bucket.",
  });
}
