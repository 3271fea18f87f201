import { randomBytes } from "node:crypto";
import type { Answer } from "../../http.ts";
import { byteOrder } from "../bucket.ts";
import { type Algorithm, algorithms, type ChecksumType, isLinear } from "../checksums/algorithms.ts";
import { header } from "../claims.ts";
import { describe } from "../description.ts";
import { encryptionHeaders, wantedEncryption } from "../encryption.ts";
import { refused } from "../errors.ts";
import type { Upload } from "../objects.ts";
import type { S3Request } from "../request.ts";
import { isoTime, quoted, s3Document } from "../text.ts";
import { encodingOf, numberOf } from "./list.ts";

const xml = { "content-type": "application/xml" };
const pageSize = 1000;

/** The upload that a request is about: under way, and of that key. */
export function uploadOf({ call, bucket, route }: S3Request): Upload {
  const id = call.query.get("uploadId") ?? "";
  const upload = bucket.uploads.get(id);
  if (upload?.key !== route.key) throw refused.noSuchUpload(id);
  return upload;
}

export function createMultipartUpload(request: S3Request): Answer {
  const { call, bucket, route, now, caller, keys } = request;
  const { algorithm, type } = checksumSettings(request);
  const upload: Upload = {
    id: randomBytes(72).toString("base64url"),
    key: route.key,
    initiated: now,
    initiator: caller.arn,
    description: describe(call.headers),
    encryption: wantedEncryption(call.headers, bucket, keys),
    algorithm,
    type,
    parts: new Map(),
  };
  bucket.uploads.set(upload.id, upload);
  return {
    status: 200,
    headers: { ...xml, ...encryptionHeaders(upload.encryption), ...algorithmHeaders(upload) },
    body: s3Document("InitiateMultipartUploadResult", { Bucket: bucket.name, Key: route.key, UploadId: upload.id }),
  };
}

/** Declared algorithm and type. CRC64NVME is always of the full object, the SHAs never are; the others are composite unless said otherwise. */
function checksumSettings({ call }: S3Request): { algorithm: Algorithm | undefined; type: ChecksumType } {
  const wanted = header(call.headers, "x-amz-checksum-algorithm");
  const type = header(call.headers, "x-amz-checksum-type");
  if (wanted === undefined) {
    if (type !== undefined)
      throw refused.invalidRequest(
        "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
      );
    return { algorithm: undefined, type: "FULL_OBJECT" };
  }
  const algorithm = algorithms.find((name) => name === wanted.toUpperCase());
  if (!algorithm)
    throw refused.invalidRequest(
      `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${algorithms.join(", ")}]`,
    );
  const usual: ChecksumType = algorithm === "CRC64NVME" ? "FULL_OBJECT" : "COMPOSITE";
  if (type === undefined) return { algorithm, type: usual };
  if (type !== "COMPOSITE" && type !== "FULL_OBJECT")
    throw refused.invalidRequest("Value for x-amz-checksum-type header is invalid.");
  if ((type === "COMPOSITE" && algorithm === "CRC64NVME") || (type === "FULL_OBJECT" && !isLinear(algorithm)))
    throw refused.invalidRequest(
      `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    );
  return { algorithm, type };
}

function algorithmHeaders({ algorithm, type }: Upload): Record<string, string> {
  return algorithm ? { "x-amz-checksum-algorithm": algorithm, "x-amz-checksum-type": type } : {};
}

export function abortMultipartUpload(request: S3Request): Answer {
  request.bucket.uploads.delete(uploadOf(request).id);
  return { status: 204 };
}

export function listParts(request: S3Request): Answer {
  const { call, bucket } = request;
  const upload = uploadOf(request);
  const marker = numberOf(call.query, "part-number-marker", Number.MAX_SAFE_INTEGER);
  const after = call.query.has("part-number-marker") ? marker : 0;
  const most = numberOf(call.query, "max-parts", pageSize);
  const parts = [...upload.parts.values()].sort((a, b) => a.number - b.number).filter(({ number }) => number > after);
  const page = parts.slice(0, most);
  return {
    status: 200,
    headers: xml,
    body: s3Document("ListPartsResult", {
      Bucket: bucket.name,
      Key: upload.key,
      UploadId: upload.id,
      ...people(upload, bucket.owner),
      StorageClass: "STANDARD",
      PartNumberMarker: after,
      NextPartNumberMarker: page.at(-1)?.number ?? 0,
      MaxParts: most,
      IsTruncated: parts.length > page.length,
      ChecksumAlgorithm: upload.algorithm,
      ChecksumType: upload.algorithm && upload.type,
      Part: page.map((part) => ({
        PartNumber: part.number,
        LastModified: isoTime(part.modified),
        ETag: quoted(part.etag),
        Size: part.size,
        ...(upload.algorithm && part.checksum ? { [`Checksum${upload.algorithm}`]: part.checksum } : {}),
      })),
    }),
  };
}

/** ListMultipartUploads: by key, then by time of initiation; pages by key and upload id. */
export function listMultipartUploads({ call, bucket }: S3Request): Answer {
  const { query } = call;
  const encoding = encodingOf(query);
  const prefix = query.get("prefix") ?? "";
  const keyMarker = query.get("key-marker") ?? "";
  const idMarker = query.get("upload-id-marker") ?? "";
  const most = numberOf(query, "max-uploads", pageSize);
  const all = [...bucket.uploads.values()]
    .filter(({ key }) => key.startsWith(prefix))
    .sort((a, b) => byteOrder(a.key, b.key) || a.initiated.getTime() - b.initiated.getTime());
  const rest = all.slice(startAfter(all, keyMarker, idMarker));
  const page = rest.slice(0, most);
  const truncated = rest.length > page.length;
  const last = page.at(-1);
  return {
    status: 200,
    headers: xml,
    body: s3Document("ListMultipartUploadsResult", {
      Bucket: bucket.name,
      KeyMarker: encoding(keyMarker),
      UploadIdMarker: idMarker,
      NextKeyMarker: truncated && last ? encoding(last.key) : undefined,
      NextUploadIdMarker: truncated ? last?.id : undefined,
      Prefix: encoding(prefix),
      EncodingType: query.get("encoding-type") ?? undefined,
      MaxUploads: most,
      IsTruncated: truncated,
      Upload: page.map((upload) => ({
        Key: encoding(upload.key),
        UploadId: upload.id,
        ...people(upload, bucket.owner),
        StorageClass: "STANDARD",
        Initiated: isoTime(upload.initiated),
        ChecksumAlgorithm: upload.algorithm,
        ChecksumType: upload.algorithm && upload.type,
      })),
    }),
  };
}

/** Index of the first upload of the page. With an id marker the page goes on inside the marker's key; without, after it. */
function startAfter(all: readonly Upload[], key: string, id: string): number {
  if (key === "") return 0;
  const marked = id === "" ? -1 : all.findIndex((upload) => upload.key === key && upload.id === id);
  if (marked >= 0) return marked + 1;
  const after = all.findIndex((upload) => byteOrder(upload.key, key) > 0);
  return after < 0 ? all.length : after;
}

function people(upload: Upload, owner: string) {
  return {
    Initiator: { ID: upload.initiator, DisplayName: upload.initiator.split("/").slice(1).join("/") },
    Owner: { ID: owner },
  };
}
