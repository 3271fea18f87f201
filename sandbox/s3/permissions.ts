import type { Bucket } from "./bucket.ts";
import type { CallName, Route } from "./route.ts";

/** One right that a call needs, on the ARN that IAM looks at for it, with the condition keys that S3 sets. */
export interface Permission {
  readonly action: string;
  readonly arn: string;
  readonly context: Readonly<Record<string, string>>;
}

const actions: Readonly<Record<CallName, readonly string[]>> = {
  HeadBucket: ["s3:ListBucket"],
  GetBucketLocation: ["s3:GetBucketLocation"],
  GetBucketEncryption: ["s3:GetEncryptionConfiguration"],
  GetBucketVersioning: ["s3:GetBucketVersioning"],
  ListObjectsV2: ["s3:ListBucket"],
  ListMultipartUploads: ["s3:ListBucketMultipartUploads"],
  DeleteObjects: ["s3:DeleteObject"],
  HeadObject: ["s3:GetObject"],
  GetObject: ["s3:GetObject"],
  GetObjectAttributes: ["s3:GetObject", "s3:GetObjectAttributes"],
  PutObject: ["s3:PutObject"],
  CopyObject: ["s3:PutObject"],
  DeleteObject: ["s3:DeleteObject"],
  CreateMultipartUpload: ["s3:PutObject"],
  UploadPart: ["s3:PutObject"],
  UploadPartCopy: ["s3:PutObject"],
  ListParts: ["s3:ListMultipartUploadParts"],
  CompleteMultipartUpload: ["s3:PutObject"],
  AbortMultipartUpload: ["s3:AbortMultipartUpload"],
};

/** Calls that read encrypted bytes or checksums of them. Multipart needs Decrypt as well, since parts are read back at the end. */
const decrypting: readonly CallName[] = [
  "GetObject",
  "GetObjectAttributes",
  "CreateMultipartUpload",
  "UploadPart",
  "UploadPartCopy",
  "CompleteMultipartUpload",
];
const encrypting: readonly CallName[] = [
  "PutObject",
  "CopyObject",
  "CreateMultipartUpload",
  "UploadPart",
  "UploadPartCopy",
];

export interface PermissionQuestion {
  readonly route: Route;
  readonly bucket: Bucket;
  readonly source: Bucket | undefined;
  /** Key that the call's own object or upload is or will be encrypted with. */
  readonly keyArn: string | undefined;
  /** Key of the source of a copy. */
  readonly sourceKeyArn: string | undefined;
  readonly tagging: boolean;
  readonly checksumMode: boolean;
  /** Prefix asked of a listing. */
  readonly prefix: string;
}

/** Rights that a call needs. Sources: "Required permissions for Amazon S3 API operations", "Protecting data with SSE-KMS", S3 user guide. */
export function permissionsOf(question: PermissionQuestion): readonly Permission[] {
  const { route, bucket, source, keyArn, sourceKeyArn } = question;
  const own = actions[route.name].map((action) =>
    action === "s3:ListBucket"
      ? on(bucket, action, "", { "s3:prefix": question.prefix })
      : on(bucket, action, route.name === "DeleteObjects" ? "*" : route.key),
  );
  const needs = [...own];
  if (question.tagging) needs.push(on(bucket, "s3:PutObjectTagging", route.key));
  if (source && route.source) needs.push(on(source, "s3:GetObject", route.source.key));
  if (keyArn && encrypting.includes(route.name)) needs.push(key("kms:GenerateDataKey", keyArn, bucket));
  const reads = decrypting.includes(route.name) || (route.name === "HeadObject" && question.checksumMode);
  if (keyArn && reads) needs.push(key("kms:Decrypt", keyArn, bucket));
  if (sourceKeyArn && source) needs.push(key("kms:Decrypt", sourceKeyArn, source));
  return needs;
}

/** Right to know that a key is missing: without it a missing key is 403. */
export function listing(bucket: Bucket): Permission {
  return on(bucket, "s3:ListBucket", "");
}

function on(
  bucket: Bucket,
  action: string,
  objectKey: string,
  more: Readonly<Record<string, string>> = {},
): Permission {
  const arn = objectKey === "" ? bucket.arn : `${bucket.arn}/${objectKey}`;
  return { action, arn, context: { "aws:ResourceAccount": bucket.owner, ...more } };
}

function key(action: string, arn: string, bucket: Bucket): Permission {
  const suffix =
    bucket.partition === "aws-cn"
      ? "amazonaws.com.cn"
      : bucket.partition === "aws-eusc"
        ? "amazonaws.eu"
        : "amazonaws.com";
  return { action, arn, context: { "kms:ViaService": `s3.${bucket.region}.${suffix}` } };
}
