import { errorName, errorStatus, fromAws } from "../aws/errors.ts";
import { kmsClient } from "../aws/kms.ts";
import { UserError } from "../errors.ts";
import type { BucketFacts } from "../facts/bucket.ts";
import type { ObservedKey } from "./observed.ts";
import type { Reader } from "./read-iam.ts";

/**
 * The key that the policy must let pods decrypt with. `wanted`: `auto` (what the bucket's default encryption names), `none`, or an ARN.
 * A key that is disabled, in another region, or unknown is told here, before anything is written.
 */
export async function readKey(wanted: string, bucket: BucketFacts, reader: Reader): Promise<ObservedKey | undefined> {
  const reference = keyReference(wanted, bucket);
  if (reference === undefined) return undefined;
  const region = /^arn:[^:]+:kms:([^:]+):/.exec(reference)?.[1];
  if (region && region !== bucket.region) throw otherRegion(reference, region, bucket);
  return describeKey(reference, reader);
}

function keyReference(wanted: string, bucket: BucketFacts): string | undefined {
  if (wanted === "none") return undefined;
  if (wanted !== "auto") return wanted;
  if (!bucket.encryption)
    throw new UserError("IRSA_KEY_UNKNOWN", {
      happened: `The default encryption of the bucket ${bucket.name} may not be read, so the key that the policy needs is not known.`,
      next: "Allow s3:GetEncryptionConfiguration on the bucket, or set kms-key-arn to the key's ARN (none for SSE-S3).",
    });
  if (bucket.encryption.algorithm === "AES256") return undefined;
  return bucket.encryption.key ?? "alias/aws/s3";
}

/** Aliases mean nothing in a policy: IAM compares the ARN of the key itself. */
async function describeKey(reference: string, { aws, signal }: Reader): Promise<ObservedKey> {
  const { DescribeKeyCommand } = await import("@aws-sdk/client-kms");
  const kms = await kmsClient(aws);
  try {
    const { KeyMetadata: key } = await kms.send(new DescribeKeyCommand({ KeyId: reference }), { abortSignal: signal });
    if (key?.KeyState && key.KeyState !== "Enabled") throw unusable(reference, key.KeyState);
    return { arn: key?.Arn ?? reference, state: key?.KeyState };
  } catch (thrown) {
    if (errorName(thrown) === "NotFoundException") throw unusable(reference, "not there");
    if (/^AccessDenied/.test(errorName(thrown)) || errorStatus(thrown) === 403) return unread(reference, aws);
    throw fromAws(thrown, `describing the key ${reference}`);
  }
}

function unread(reference: string, { partition, region, account }: Reader["aws"]): ObservedKey {
  if (/^arn:[^:]+:kms:[^:]+:\d{12}:key\//.test(reference)) return { arn: reference, state: undefined };
  if (/^[0-9a-f-]{36}$|^mrk-/.test(reference))
    return { arn: `arn:${partition}:kms:${region}:${account}:key/${reference}`, state: undefined };
  throw new UserError("IRSA_KEY_UNKNOWN", {
    happened: `The key behind ${reference} may not be read, and a policy needs the ARN of the key itself.`,
    next: "Allow kms:DescribeKey on it, or set kms-key-arn to the ARN of the key (arn:...:key/...).",
  });
}

function unusable(reference: string, state: string): UserError {
  return new UserError("IRSA_KEY_UNUSABLE", {
    happened: `The KMS key ${reference} cannot be used: it is ${state}. Objects encrypted with it cannot be read.`,
    next: "Enable the key (aws kms enable-key --key-id <key>), or correct kms-key-arn or the bucket's default encryption.",
  });
}

function otherRegion(reference: string, region: string, bucket: BucketFacts): UserError {
  return new UserError("IRSA_KEY_UNUSABLE", {
    happened: `The KMS key ${reference} lies in ${region}; the bucket ${bucket.name} in ${bucket.region}. S3 uses keys of the bucket's own region only.`,
    next: "Correct kms-key-arn, or set it to auto.",
  });
}
