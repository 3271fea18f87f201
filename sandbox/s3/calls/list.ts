import type { Answer } from "../../http.ts";
import { byteOrder } from "../bucket.ts";
import { refused } from "../errors.ts";
import type { StoredObject } from "../objects.ts";
import type { S3Request } from "../request.ts";
import { isoTime, quoted, type S3Value, s3Document } from "../text.ts";

const pageSize = 1000;

/** ListObjectsV2: keys in byte order, common prefixes, pages by an opaque token. */
export function listObjects({ call, bucket }: S3Request): Answer {
  const { query } = call;
  if (query.get("list-type") !== "2")
    throw refused.invalidArgument("Invalid List Type specified in Query", "list-type", query.get("list-type") ?? "");
  const encoding = encodingOf(query);
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const maximum = numberOf(query, "max-keys", pageSize);
  const token = query.get("continuation-token");
  const after = token === null ? (query.get("start-after") ?? "") : startOf(token);
  const page: { readonly object?: StoredObject; readonly name: string }[] = [];
  let truncated = false;
  for (const key of bucket.keys()) {
    if (!key.startsWith(prefix) || (after !== "" && byteOrder(key, after) <= 0)) continue;
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const common = end < 0 ? undefined : key.slice(0, end + delimiter.length);
    // The rest of a common prefix that the last page ended with, or that this one has already.
    if (common !== undefined && (common === after || page.at(-1)?.name === common)) continue;
    if (page.length >= maximum) {
      truncated = maximum > 0;
      break;
    }
    const object = bucket.get(key);
    page.push(common === undefined && object ? { name: key, object } : { name: common ?? key });
  }
  const next = truncated ? Buffer.from(page.at(-1)?.name ?? "").toString("base64url") : undefined;
  const contents = page.flatMap(({ object }) => (object ? [shown(object, encoding, query, bucket.owner)] : []));
  const prefixes = page.filter(({ object }) => !object).map(({ name }) => ({ Prefix: encoding(name) }));
  return {
    status: 200,
    headers: { "content-type": "application/xml" },
    body: s3Document("ListBucketResult", {
      Name: bucket.name,
      Prefix: encoding(prefix),
      StartAfter: query.has("start-after") ? encoding(query.get("start-after") ?? "") : undefined,
      ContinuationToken: token ?? undefined,
      NextContinuationToken: next,
      KeyCount: page.length,
      MaxKeys: maximum,
      Delimiter: delimiter === "" ? undefined : encoding(delimiter),
      EncodingType: query.get("encoding-type") ?? undefined,
      IsTruncated: truncated,
      Contents: contents,
      CommonPrefixes: prefixes,
    }),
  };
}

function shown(
  object: StoredObject,
  encoding: (text: string) => string,
  query: URLSearchParams,
  owner: string,
): S3Value {
  return {
    Key: encoding(object.key),
    LastModified: isoTime(object.modified),
    ETag: quoted(object.etag),
    ChecksumAlgorithm: object.checksum?.algorithm,
    ChecksumType: object.checksum?.type,
    Size: object.content.size,
    ...(query.get("fetch-owner") === "true" ? { Owner: { ID: owner } } : {}),
    StorageClass: "STANDARD",
  };
}

/** Key as the listing was asked to write it: plain, or percent-encoded (for keys that XML cannot hold). */
export function encodingOf(query: URLSearchParams): (text: string) => string {
  const type = query.get("encoding-type");
  if (type === null) return (text) => text;
  if (type !== "url")
    throw refused.invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", type);
  return (text) =>
    encodeURIComponent(text)
      .replace(/%2F/g, "/")
      .replace(/%20/g, "+")
      .replace(/[!'()]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** A page size or marker: a whole number; page sizes above 1,000 count as 1,000. */
export function numberOf(query: URLSearchParams, name: string, limit: number): number {
  const text = query.get(name);
  if (text === null) return limit;
  if (!/^\d{1,10}$/.test(text))
    throw refused.invalidArgument(`Provided ${name} not an integer or within integer range`, name, text);
  return Math.min(limit, Number(text));
}

function startOf(token: string): string {
  const text = Buffer.from(token, "base64url").toString("utf8");
  if (text === "" || Buffer.from(text).toString("base64url") !== token)
    throw refused.invalidArgument("The continuation token provided is incorrect", "continuation-token", token);
  return text;
}
