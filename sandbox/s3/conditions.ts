import type { IncomingHttpHeaders } from "node:http";
import type { Bucket } from "./bucket.ts";
import { header } from "./claims.ts";
import { refused, S3Error } from "./errors.ts";
import type { StoredObject } from "./objects.ts";
import { quoted, unquoted } from "./text.ts";

/**
 * Conditions of a read. `prefix` is empty for GET and HEAD, `x-amz-copy-source-` for the source of a copy (where "not modified" is 412 too).
 * Combinations as RFC 7232 and the API reference of GetObject have them: a true If-Match outweighs If-Unmodified-Since, a false If-None-Match If-Modified-Since.
 */
export function checkRead(headers: IncomingHttpHeaders, object: StoredObject, prefix = ""): "modified" | "unmodified" {
  const value = (name: string) => header(headers, prefix + name);
  const match = value("if-match");
  const noneMatch = value("if-none-match");
  const since = dateOf(value("if-modified-since"));
  const until = dateOf(value("if-unmodified-since"));
  const modified = Math.floor(object.modified.getTime() / 1000) * 1000;
  if (match !== undefined && !matches(match, object)) throw refused.preconditionFailed("If-Match");
  if (match === undefined && until !== undefined && modified > until)
    throw refused.preconditionFailed("If-Unmodified-Since");
  const unchanged = noneMatch !== undefined ? matches(noneMatch, object) : since !== undefined && modified <= since;
  if (!unchanged) return "modified";
  if (prefix) throw refused.preconditionFailed(noneMatch === undefined ? "If-Modified-Since" : "If-None-Match");
  return "unmodified";
}

/** 304 without a body. */
export function notModified(object: StoredObject): S3Error {
  return new S3Error(304, "NotModified", "Not Modified", {}, { etag: quoted(object.etag) });
}

/** Condition of a write; evaluated when the bytes are there, over what the key was when the request came. */
export interface WriteCondition {
  check(): void;
}

/**
 * `If-None-Match: *` and `If-Match` of PutObject, CopyObject and CompleteMultipartUpload: 412, or 409 when the key was deleted meanwhile.
 * Source: "How to prevent object overwrites with conditional writes", S3 user guide.
 */
export function writeCondition(headers: IncomingHttpHeaders, bucket: Bucket, key: string): WriteCondition {
  const match = header(headers, "if-match");
  const noneMatch = header(headers, "if-none-match");
  if (noneMatch !== undefined && noneMatch !== "*")
    throw refused.notImplemented(
      "If-None-Match",
      "We don't accept the provided value of If-None-Match header for this API",
    );
  if (match !== undefined && noneMatch !== undefined)
    throw refused.notImplemented("If-Match", "We don't accept If-Match and If-None-Match together for this API");
  const before = bucket.generation(key);
  return {
    check() {
      const current = bucket.get(key);
      const touched = bucket.generation(key) !== before;
      if (noneMatch !== undefined) {
        if (current) throw refused.preconditionFailed("If-None-Match");
        if (touched) throw refused.conflict("If-None-Match", key);
      }
      if (match !== undefined) {
        if (!current) throw touched ? refused.conflict("If-Match", key) : refused.noSuchKey(key);
        if (unquoted(match) !== current.etag && match !== "*") throw refused.preconditionFailed("If-Match");
      }
    },
  };
}

function matches(list: string, object: StoredObject): boolean {
  return list === "*" || list.split(",").some((etag) => unquoted(etag.replace(/^\s*W\//, "")) === object.etag);
}

function dateOf(text: string | undefined): number | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
