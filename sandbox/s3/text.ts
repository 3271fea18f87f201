import { createHash } from "node:crypto";
import { xmlText } from "../aws/xml.ts";

const namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

/** Content of an element; a list is the same element once for each item, as S3 writes lists. */
export type S3Value = string | number | boolean | undefined | readonly S3Value[] | { readonly [name: string]: S3Value };

/** An S3 answer's document. */
export function s3Document(root: string, value: S3Value): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="${namespace}">${content(value)}</${root}>`;
}

function content(value: S3Value): string {
  if (value === undefined) return "";
  if (typeof value !== "object") return xmlText(String(value));
  return Object.entries(value)
    .map(([name, inner]) => element(name, inner))
    .join("");
}

function element(name: string, value: S3Value): string {
  if (value === undefined) return "";
  if (Array.isArray(value)) return value.map((item) => element(name, item as S3Value)).join("");
  return `<${name}>${content(value)}</${name}>`;
}

/** `2026-11-24T06:00:00.000Z`, as S3's documents have times: with milliseconds, which are always zero. */
export function isoTime(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, ".000Z");
}

export function quoted(etag: string): string {
  return `"${etag}"`;
}

/** ETag as a client may send it: with or without quotes. */
export function unquoted(etag: string): string {
  return etag.trim().replace(/^"(.*)"$/, "$1");
}

export function md5Of(bytes: Buffer): string {
  return createHash("md5").update(bytes).digest("hex");
}

/** ETag of a multipart object: MD5 over the parts' MD5s, with their number. */
export function multipartEtag(etags: readonly string[]): string {
  return `${md5Of(Buffer.from(etags.join(""), "hex"))}-${etags.length}`;
}
