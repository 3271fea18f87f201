import type { Answer } from "../../http.ts";
import type { Checksum } from "../checksums/algorithms.ts";
import { header, headerOf, readClaims } from "../claims.ts";
import { writeCondition } from "../conditions.ts";
import { describe } from "../description.ts";
import { encryptionHeaders, wantedEncryption } from "../encryption.ts";
import { refused } from "../errors.ts";
import { receive } from "../receive.ts";
import type { S3Request } from "../request.ts";
import { quoted, unquoted } from "../text.ts";

/** Largest object of one PutObject and largest part: 5 GiB. */
export const largestBody = 5 * 1024 ** 3;

export async function putObject({ call, route, bucket, now, keys, discard }: S3Request): Promise<Answer> {
  const { headers } = call;
  const claims = readClaims(headers);
  const condition = writeCondition(headers, bucket, route.key);
  const description = describe(headers);
  const encryption = wantedEncryption(headers, bucket, keys);
  const algorithm = claims.checksum?.algorithm ?? "CRC64NVME";
  const received = await receive(call.request, claims, {
    algorithm,
    limit: largestBody,
    discard,
    opaqueEtag: encryption.algorithm !== "AES256",
  });
  condition.check();
  const checksum: Checksum = { algorithm, type: "FULL_OBJECT", value: received.checksum };
  const { content, etag } = received;
  const stored = bucket.put({ key: route.key, content, etag, modified: now, description, encryption, checksum });
  return {
    status: 200,
    headers: {
      etag: quoted(etag),
      ...encryptionHeaders(encryption),
      ...checksumHeaders(checksum),
      "x-amz-object-size": String(content.size),
      ...(stored.versionId ? { "x-amz-version-id": stored.versionId } : {}),
    },
  };
}

/** Deleting what is not there succeeds, unless a condition asks for it. */
export function deleteObject({ call, route, bucket }: S3Request): Answer {
  const match = header(call.headers, "if-match");
  const current = bucket.get(route.key);
  if (match !== undefined) {
    if (!current) throw refused.noSuchKey(route.key);
    if (match !== "*" && unquoted(match) !== current.etag) throw refused.preconditionFailed("If-Match");
  }
  bucket.delete(route.key);
  return { status: 204, headers: bucket.versioning === "Enabled" ? { "x-amz-delete-marker": "true" } : {} };
}

/** Checksum and its type as the answers of writes carry them. */
export function checksumHeaders(checksum: Checksum): Record<string, string> {
  return { [headerOf(checksum.algorithm)]: checksum.value, "x-amz-checksum-type": checksum.type };
}
