import { NotBuilt } from "../aws/service.ts";
import type { Call } from "../http.ts";
import { S3Error } from "./errors.ts";

export const callNames = [
  "HeadBucket",
  "GetBucketLocation",
  "GetBucketEncryption",
  "GetBucketVersioning",
  "ListObjectsV2",
  "ListMultipartUploads",
  "DeleteObjects",
  "HeadObject",
  "GetObject",
  "GetObjectAttributes",
  "PutObject",
  "CopyObject",
  "DeleteObject",
  "CreateMultipartUpload",
  "UploadPart",
  "UploadPartCopy",
  "ListParts",
  "CompleteMultipartUpload",
  "AbortMultipartUpload",
] as const;
export type CallName = (typeof callNames)[number];

/** A request as S3 understands it. `key` is empty for calls on buckets. */
export interface Route {
  readonly name: CallName;
  readonly bucket: string;
  readonly key: string;
  /** Source of a copy, as `x-amz-copy-source` names it. */
  readonly source: { readonly bucket: string; readonly key: string } | undefined;
}

/** Parameters that say which call it is, by method; the first that the query has decides. */
const bucketCalls: Readonly<Record<string, readonly (readonly [string, CallName])[]>> = {
  GET: [
    ["location", "GetBucketLocation"],
    ["encryption", "GetBucketEncryption"],
    ["versioning", "GetBucketVersioning"],
    ["uploads", "ListMultipartUploads"],
    ["list-type", "ListObjectsV2"],
  ],
  POST: [["delete", "DeleteObjects"]],
};
const objectCalls: Readonly<Record<string, readonly (readonly [string, CallName])[]>> = {
  GET: [
    ["uploadId", "ListParts"],
    ["attributes", "GetObjectAttributes"],
  ],
  POST: [
    ["uploads", "CreateMultipartUpload"],
    ["uploadId", "CompleteMultipartUpload"],
  ],
  DELETE: [["uploadId", "AbortMultipartUpload"]],
};
const plain: Readonly<Record<string, CallName>> = { GET: "GetObject", HEAD: "HeadObject", DELETE: "DeleteObject" };

/** Parameters that a call takes beside the one that names it. */
const parameters: Readonly<Record<CallName, readonly string[]>> = {
  HeadBucket: [],
  GetBucketLocation: ["location"],
  GetBucketEncryption: ["encryption"],
  GetBucketVersioning: ["versioning"],
  ListObjectsV2: [
    "list-type",
    "prefix",
    "delimiter",
    "max-keys",
    "continuation-token",
    "start-after",
    "encoding-type",
    "fetch-owner",
  ],
  ListMultipartUploads: ["uploads", "prefix", "key-marker", "upload-id-marker", "max-uploads", "encoding-type"],
  DeleteObjects: ["delete"],
  HeadObject: ["partNumber", "versionId"],
  GetObject: ["partNumber", "versionId", "response-content-type", "response-content-disposition"],
  GetObjectAttributes: ["attributes", "versionId"],
  PutObject: [],
  CopyObject: [],
  DeleteObject: [],
  CreateMultipartUpload: ["uploads"],
  UploadPart: ["partNumber", "uploadId"],
  UploadPartCopy: ["partNumber", "uploadId"],
  ListParts: ["uploadId", "max-parts", "part-number-marker"],
  CompleteMultipartUpload: ["uploadId"],
  AbortMultipartUpload: ["uploadId"],
};

/** Headers of S3's own that are honoured here; any other would be silently ignored, so it is refused. */
const honoured =
  /^x-amz-(content-sha256|date|security-token|user-agent|expected-bucket-owner|source-expected-bucket-owner|checksum-(algorithm|type|mode|crc32|crc32c|crc64nvme|sha1|sha256|sha512|md5|xxhash64|xxhash3|xxhash128)|sdk-checksum-algorithm|trailer|decoded-content-length|meta-.+|server-side-encryption|server-side-encryption-aws-kms-key-id|server-side-encryption-bucket-key-enabled|tagging|tagging-directive|metadata-directive|copy-source|copy-source-range|copy-source-if-(match|none-match|modified-since|unmodified-since)|object-attributes|max-parts|part-number-marker|mp-object-size)$/;

/** Finds out which call a request is; throws `NotBuilt` for one that is not here, with a parameter or header that is not here. Path style only. */
export function routeOf(call: Call): Route {
  const [, bucket = "", ...rest] = call.path.split("/").map(decode);
  const key = rest.join("/");
  const name = nameOf(call, bucket, key);
  if (!name)
    throw new NotBuilt("s3", `${call.method} ${call.path}${[...call.query.keys()].map((word) => ` ?${word}`)}`);
  for (const word of call.query.keys())
    if (!/^(x-id|X-Amz-.+)$/.test(word) && !parameters[name].includes(word))
      throw new NotBuilt("s3", `${name} with parameter ${word}`);
  for (const header of Object.keys(call.headers))
    if (header.startsWith("x-amz-") && !honoured.test(header))
      throw new NotBuilt("s3", `${name} with header ${header}`);
  return { name, bucket, key, source: copySource(call) };
}

function nameOf(call: Call, bucket: string, key: string): CallName | undefined {
  const { method, query } = call;
  if (bucket === "") return undefined;
  const chosen = (key === "" ? bucketCalls : objectCalls)[method]?.find(([word]) => query.has(word))?.[1];
  if (chosen) return chosen;
  if (key === "") return method === "HEAD" ? "HeadBucket" : undefined;
  if (method !== "PUT") return plain[method];
  const copies = call.headers["x-amz-copy-source"] !== undefined;
  if (query.has("uploadId")) return copies ? "UploadPartCopy" : "UploadPart";
  return copies ? "CopyObject" : "PutObject";
}

function copySource(call: Call): Route["source"] {
  const text = call.headers["x-amz-copy-source"];
  if (typeof text !== "string") return undefined;
  if (/\?versionId=/.test(text)) throw new NotBuilt("s3", "copy of a version");
  const [bucket = "", ...rest] = text.replace(/^\//, "").split("/").map(decode);
  if (bucket === "" || rest.join("/") === "")
    throw new S3Error(
      400,
      "InvalidArgument",
      "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
      {
        ArgumentName: "x-amz-copy-source",
        ArgumentValue: text,
      },
    );
  return { bucket, key: rest.join("/") };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error(400, "InvalidURI", "Couldn't parse the specified URI.", { URI: text });
  }
}
