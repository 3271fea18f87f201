import { createHash, randomBytes } from "node:crypto";
import type { Answer } from "../../http.ts";
import { type Algorithm, algorithms, type Checksum, checksumOf } from "../checksums/algorithms.ts";
import { header } from "../claims.ts";
import { checkRead, writeCondition } from "../conditions.ts";
import { describe } from "../description.ts";
import { encryptionHeaders, wantedEncryption } from "../encryption.ts";
import { refused } from "../errors.ts";
import type { StoredObject } from "../objects.ts";
import type { S3Request } from "../request.ts";
import { isoTime, quoted, s3Document } from "../text.ts";
import { keepPart, partNumberOf } from "./parts.ts";
import { uploadOf } from "./uploads.ts";
import { largestBody } from "./write.ts";

const xml = { "content-type": "application/xml" };

function sourceObject({ call, route, source }: S3Request): StoredObject {
  const key = route.source?.key ?? "";
  const object = source?.get(key);
  if (!object) throw refused.noSuchKey(key);
  checkRead(call.headers, object, "x-amz-copy-source-");
  return object;
}

/** CopyObject: to 5 GiB; the checksum is computed anew over the whole, so a composite one ends here. */
export function copyObject(request: S3Request): Answer {
  const { call, route, bucket, now, keys } = request;
  const condition = writeCondition(call.headers, bucket, route.key);
  const from = sourceObject(request);
  const { size } = from.content;
  if (size > largestBody)
    throw refused.invalidRequest(
      `The specified copy source is larger than the maximum allowable size for a copy source: ${largestBody}`,
    );
  const fresh = describe(call.headers);
  const replaces = directive(request, "x-amz-metadata-directive");
  const retags = directive(request, "x-amz-tagging-directive");
  const encryption = wantedEncryption(call.headers, bucket, keys);
  const itself = request.source === bucket && route.source?.key === route.key;
  if (itself && !replaces && header(call.headers, "x-amz-server-side-encryption") === undefined)
    throw refused.invalidRequest(
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
  const algorithm = wantedAlgorithm(request) ?? from.checksum?.algorithm ?? "CRC64NVME";
  const chunks = from.content.slice(0, size);
  const checksum: Checksum = { algorithm, type: "FULL_OBJECT", value: checksumOf(algorithm, chunks) };
  condition.check();
  const { headers, metadata } = replaces ? fresh : from.description;
  const stored = bucket.put({
    key: route.key,
    content: from.content,
    etag: etagOf(chunks, encryption.algorithm !== "AES256"),
    modified: now,
    description: { headers, metadata, tags: retags ? fresh.tags : from.description.tags },
    encryption,
    checksum,
  });
  return {
    status: 200,
    headers: {
      ...xml,
      ...encryptionHeaders(encryption),
      ...(stored.versionId ? { "x-amz-version-id": stored.versionId } : {}),
    },
    body: s3Document("CopyObjectResult", {
      LastModified: isoTime(now),
      ETag: quoted(stored.etag),
      ChecksumType: checksum.type,
      [`Checksum${algorithm}`]: checksum.value,
    }),
  };
}

/** UploadPartCopy: the part's checksum is S3's own, over the range that was copied. */
export function uploadPartCopy(request: S3Request): Answer {
  const { now } = request;
  const number = partNumberOf(request);
  const upload = uploadOf(request);
  const from = sourceObject(request);
  const { start, end } = copyRange(request, from.content.size);
  if (end - start > largestBody) throw refused.tooLarge(end - start, largestBody);
  const chunks = from.content.slice(start, end);
  const algorithm: Algorithm = upload.algorithm ?? "CRC64NVME";
  const checksum = checksumOf(algorithm, chunks);
  const etag = etagOf(chunks, upload.encryption.algorithm !== "AES256");
  const content = { size: end - start, slice: (a: number, b: number) => from.content.slice(start + a, start + b) };
  keepPart(request, upload, { number, etag, size: content.size, modified: now, content, checksum });
  return {
    status: 200,
    headers: { ...xml, ...encryptionHeaders(upload.encryption) },
    body: s3Document("CopyPartResult", {
      LastModified: isoTime(now),
      ETag: quoted(etag),
      ...(upload.algorithm ? { [`Checksum${upload.algorithm}`]: checksum } : {}),
    }),
  };
}

/** Range of the source, both ends given, inside it; only sources above the smallest part size may be copied in ranges. */
function copyRange({ call, minimumPartSize }: S3Request, size: number): { start: number; end: number } {
  const text = header(call.headers, "x-amz-copy-source-range");
  if (text === undefined) return { start: 0, end: size };
  const match = /^bytes=(\d+)-(\d+)$/.exec(text);
  const [start, last] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || start > last)
    throw refused.invalidArgument(
      "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
      "x-amz-copy-source-range",
      text,
    );
  if (last >= size)
    throw refused.invalidArgument(
      `Range specified is not valid for source object of size: ${size}`,
      "x-amz-copy-source-range",
      text,
    );
  if (size <= minimumPartSize)
    throw refused.invalidRequest("The specified copy source is not supported as a byte-range copy source");
  return { start, end: last + 1 };
}

function directive({ call }: S3Request, name: string): boolean {
  const value = header(call.headers, name) ?? "COPY";
  if (value !== "COPY" && value !== "REPLACE")
    throw refused.invalidArgument(`Unknown ${name.slice("x-amz-".length)}.`, name, value);
  return value === "REPLACE";
}

function wantedAlgorithm({ call }: S3Request): Algorithm | undefined {
  const text = header(call.headers, "x-amz-checksum-algorithm");
  const found = algorithms.find((name) => name === text?.toUpperCase());
  if (text !== undefined && !found)
    throw refused.invalidRequest(
      `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${algorithms.join(", ")}]`,
    );
  return found;
}

function etagOf(chunks: readonly Buffer[], opaque: boolean): string {
  if (opaque) return randomBytes(16).toString("hex");
  const md5 = createHash("md5");
  for (const chunk of chunks) md5.update(chunk);
  return md5.digest("hex");
}
