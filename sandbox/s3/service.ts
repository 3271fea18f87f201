import { randomBytes } from "node:crypto";
import { AwsError, type AwsService, type Caller } from "../aws/service.ts";
import type { Answer, Call } from "../http.ts";
import type { Operation } from "../requests.ts";
import type { Ground } from "../service.ts";
import type { Bucket } from "./bucket.ts";
import { getObjectAttributes } from "./calls/attributes.ts";
import { getBucketEncryption, getBucketLocation, getBucketVersioning, headBucket } from "./calls/buckets.ts";
import { completeMultipartUpload } from "./calls/complete.ts";
import { copyObject, uploadPartCopy } from "./calls/copy.ts";
import { deleteObjects } from "./calls/delete-objects.ts";
import { listObjects } from "./calls/list.ts";
import { uploadPart } from "./calls/parts.ts";
import { readObject } from "./calls/read.ts";
import { abortMultipartUpload, createMultipartUpload, listMultipartUploads, listParts } from "./calls/uploads.ts";
import { deleteObject, putObject } from "./calls/write.ts";
import { header } from "./claims.ts";
import { longestKey, refused, S3Error, s3ErrorAnswer } from "./errors.ts";
import { listing, type Permission, type PermissionQuestion, permissionsOf } from "./permissions.ts";
import type { S3Options, S3Request } from "./request.ts";
import { type CallName, type Route, routeOf } from "./route.ts";
import { anyKey } from "./state.ts";

const calls: Readonly<Record<CallName, (request: S3Request) => Answer | Promise<Answer>>> = {
  HeadBucket: headBucket,
  GetBucketLocation: getBucketLocation,
  GetBucketEncryption: getBucketEncryption,
  GetBucketVersioning: getBucketVersioning,
  ListObjectsV2: listObjects,
  ListMultipartUploads: listMultipartUploads,
  DeleteObjects: deleteObjects,
  HeadObject: readObject,
  GetObject: readObject,
  GetObjectAttributes: getObjectAttributes,
  PutObject: putObject,
  CopyObject: copyObject,
  DeleteObject: deleteObject,
  CreateMultipartUpload: createMultipartUpload,
  UploadPart: uploadPart,
  UploadPartCopy: uploadPartCopy,
  ListParts: listParts,
  CompleteMultipartUpload: completeMultipartUpload,
  AbortMultipartUpload: abortMultipartUpload,
};

const writes: readonly CallName[] = [
  "PutObject",
  "CopyObject",
  "DeleteObject",
  "DeleteObjects",
  "CreateMultipartUpload",
  "UploadPart",
  "UploadPartCopy",
  "CompleteMultipartUpload",
  "AbortMultipartUpload",
];

const megabytes5 = 5 * 1024 * 1024;

/**
 * S3, path style. Rights are asked for here, one by one with the ARN of each, so `arns` gives the endpoint nothing to ask about.
 */
export function createS3(ground: Ground, options: S3Options): AwsService {
  return {
    signingName: "s3",
    identify: async (call) => operationOf(options, call),
    handle: (call, _operation, caller) => handle(ground, options, call, caller),
    arns: () => [],
  };
}

function operationOf(options: S3Options, call: Call): Operation {
  const route = routeOf(call);
  const bucket = options.state.buckets.get(route.bucket);
  const permissions = bucket ? permissionsOf(questionOf(options, call, route, bucket)) : [];
  return {
    service: "s3",
    name: route.name,
    write: writes.includes(route.name),
    iam: [...new Set(permissions.map(({ action }) => action))],
    resource: route.key === "" ? route.bucket : `${route.bucket}/${route.key}`,
  };
}

async function handle(ground: Ground, options: S3Options, call: Call, caller: Caller): Promise<Answer> {
  const ids = {
    "x-amz-request-id": randomBytes(8).toString("hex").toUpperCase(),
    "x-amz-id-2": randomBytes(48).toString("base64"),
  };
  try {
    const request = admitted(ground, options, call, caller);
    const answer = await calls[request.route.name](request);
    return { ...answer, headers: { ...ids, ...answer.headers } };
  } catch (thrown) {
    // The rest of a refused body is taken in, so that its sender reads the refusal.
    if (!call.request.complete) call.request.resume();
    if (thrown instanceof AwsError) return s3ErrorAnswer(thrown);
    throw thrown;
  }
}

/** Checks what holds for every call: bucket, region, owner, rights. */
function admitted(ground: Ground, options: S3Options, call: Call, caller: Caller): S3Request {
  const route = routeOf(call);
  const keySize = Buffer.byteLength(route.key);
  if (keySize > longestKey) throw refused.keyTooLong(keySize);
  const bucket = open(options, route.bucket, caller, header(call.headers, "x-amz-expected-bucket-owner"));
  if (caller.region !== undefined && caller.region !== bucket.region) throw elsewhere(bucket);
  const payload = header(call.headers, "x-amz-content-sha256") ?? "UNSIGNED-PAYLOAD";
  if (bucket.requireSignedPayload && !/^[0-9a-f]{64}$/.test(payload)) throw refused.accessDenied();
  const source =
    route.source &&
    open(options, route.source.bucket, caller, header(call.headers, "x-amz-source-expected-bucket-owner"));
  const may = (permission: Permission) => options.authorise?.(caller, permission);
  // Each key of a DeleteObjects is judged by itself, inside the answer.
  if (route.name !== "DeleteObjects")
    for (const permission of permissionsOf(questionOf(options, call, route, bucket))) {
      const no = may(permission);
      if (no) throw no;
    }
  return {
    call,
    caller,
    route,
    bucket,
    source,
    now: new Date(ground.now()),
    keys: options.keys ?? anyKey,
    minimumPartSize: options.minimumPartSize ?? megabytes5,
    discard: options.discard ?? false,
    mayList: may(listing(bucket)) === undefined,
    may: (action, key) =>
      may({ action, arn: `${bucket.arn}/${key}`, context: { "aws:ResourceAccount": bucket.owner } }) === undefined,
  };
}

function open({ state }: S3Options, name: string, caller: Caller, expectedOwner: string | undefined): Bucket {
  const bucket = state.buckets.get(name);
  if (!bucket) throw refused.noSuchBucket(name);
  if (expectedOwner !== undefined && expectedOwner !== bucket.owner) throw refused.accessDenied();
  if (caller.account !== bucket.owner && !bucket.sharedWith.includes(caller.account)) throw refused.accessDenied();
  return bucket;
}

function elsewhere(bucket: Bucket): S3Error {
  return new S3Error(
    301,
    "PermanentRedirect",
    "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
    { Endpoint: `${bucket.name}.s3.${bucket.region}.amazonaws.com`, Bucket: bucket.name },
    { "x-amz-bucket-region": bucket.region },
  );
}

/** Encryption that a call meets: the upload's for its parts, the object's for reads, else what a new object would get. */
function questionOf({ state, keys = anyKey }: S3Options, call: Call, route: Route, bucket: Bucket): PermissionQuestion {
  const { headers, query } = call;
  const source = route.source && state.buckets.get(route.source.bucket);
  const upload = bucket.uploads.get(query.get("uploadId") ?? "");
  const reading = ["GetObject", "HeadObject", "GetObjectAttributes"].includes(route.name);
  const asked = header(headers, "x-amz-server-side-encryption-aws-kms-key-id");
  const keyOf = (reference: string) =>
    keys(reference, { partition: bucket.partition, region: bucket.region, account: bucket.owner });
  const keyArn = reading
    ? bucket.get(route.key)?.encryption.keyArn
    : upload
      ? upload.encryption.keyArn
      : header(headers, "x-amz-server-side-encryption") === "AES256"
        ? undefined
        : ((asked === undefined ? undefined : keyOf(asked)?.arn) ?? asked ?? bucket.encryption.keyArn);
  return {
    route,
    bucket,
    source,
    keyArn,
    sourceKeyArn: route.source && source?.get(route.source.key)?.encryption.keyArn,
    tagging: headers["x-amz-tagging"] !== undefined,
    checksumMode: headers["x-amz-checksum-mode"] !== undefined,
    prefix: query.get("prefix") ?? "",
  };
}
