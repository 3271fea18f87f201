import type { Answer } from "../../http.ts";
import type { S3Request } from "../request.ts";
import { s3Document } from "../text.ts";

const xml = { "content-type": "application/xml" };

export function headBucket({ bucket }: S3Request): Answer {
  return {
    status: 200,
    headers: {
      "x-amz-bucket-region": bucket.region,
      "x-amz-bucket-arn": bucket.arn,
      "x-amz-access-point-alias": "false",
      "content-type": "application/xml",
    },
  };
}

/** us-east-1 is an empty constraint, as it has been since there was one region. */
export function getBucketLocation({ bucket }: S3Request): Answer {
  const region = bucket.region === "us-east-1" ? "" : bucket.region;
  return { status: 200, headers: xml, body: s3Document("LocationConstraint", region) };
}

export function getBucketEncryption({ bucket }: S3Request): Answer {
  const { algorithm, bucketKey } = bucket.encryption;
  const rule = {
    ApplyServerSideEncryptionByDefault: {
      SSEAlgorithm: algorithm,
      KMSMasterKeyID: algorithm === "AES256" ? undefined : bucket.configuredKey,
    },
    BucketKeyEnabled: bucketKey,
  };
  return {
    status: 200,
    headers: xml,
    body: s3Document("ServerSideEncryptionConfiguration", { Rule: rule }),
  };
}

export function getBucketVersioning({ bucket }: S3Request): Answer {
  return { status: 200, headers: xml, body: s3Document("VersioningConfiguration", { Status: bucket.versioning }) };
}
