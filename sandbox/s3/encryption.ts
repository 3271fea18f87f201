import type { IncomingHttpHeaders } from "node:http";
import type { Bucket } from "./bucket.ts";
import { header } from "./claims.ts";
import { refused, S3Error } from "./errors.ts";
import type { Encryption } from "./objects.ts";

/** Finds a KMS key by id, ARN or alias; undefined when there is none. */
export type KeyFinder = (
  reference: string,
  home: { readonly partition: string; readonly region: string; readonly account: string },
) => { readonly arn: string; readonly enabled: boolean } | undefined;

const prefix = "x-amz-server-side-encryption";

/** Encryption of a new object: what the headers ask for, else the bucket's. Throws when the key cannot be used. */
export function wantedEncryption(headers: IncomingHttpHeaders, bucket: Bucket, keys: KeyFinder): Encryption {
  const algorithm = header(headers, prefix);
  const reference = header(headers, `${prefix}-aws-kms-key-id`);
  const bucketKey = header(headers, `${prefix}-bucket-key-enabled`);
  if (algorithm === undefined) {
    if (reference !== undefined)
      throw refused.invalidArgument(
        "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
        prefix,
        "null",
      );
    if (bucket.encryption.keyArn) usable(bucket.encryption.keyArn, bucket, keys);
    return bucket.encryption;
  }
  if (algorithm !== "AES256" && algorithm !== "aws:kms" && algorithm !== "aws:kms:dsse")
    throw refused.invalidArgument("The encryption method specified is not supported", prefix, algorithm);
  if (algorithm === "AES256") {
    if (reference === undefined) return { algorithm, bucketKey: false };
    throw refused.invalidArgument(
      "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
      prefix,
      algorithm,
    );
  }
  const keyArn = usable(reference ?? bucket.encryption.keyArn ?? "alias/aws/s3", bucket, keys);
  return { algorithm, keyArn, bucketKey: bucketKey === undefined ? bucket.encryption.bucketKey : bucketKey === "true" };
}

function usable(reference: string, bucket: Bucket, keys: KeyFinder): string {
  const key = keys(reference, { partition: bucket.partition, region: bucket.region, account: bucket.owner });
  if (!key) throw new S3Error(400, "KMS.NotFoundException", `Invalid keyId '${reference}'`);
  if (!key.enabled) throw new S3Error(400, "KMS.DisabledException", `${key.arn} is disabled.`);
  return key.arn;
}

/** Headers by which S3 says how an object is encrypted. */
export function encryptionHeaders({ algorithm, keyArn, bucketKey }: Encryption): Record<string, string> {
  return {
    [prefix]: algorithm,
    ...(keyArn === undefined ? {} : { [`${prefix}-aws-kms-key-id`]: keyArn }),
    ...(bucketKey ? { [`${prefix}-bucket-key-enabled`]: "true" } : {}),
  };
}
