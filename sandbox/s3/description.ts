import type { IncomingHttpHeaders } from "node:http";
import { header } from "./claims.ts";
import { refused, S3Error } from "./errors.ts";
import type { Description } from "./objects.ts";

const kept = ["content-type", "cache-control", "content-disposition", "content-language", "expires"] as const;
const metadataPrefix = "x-amz-meta-";

/** What a PutObject or CreateMultipartUpload says about its object. User metadata holds 2 KB. */
export function describe(headers: IncomingHttpHeaders): Description {
  const own: Record<string, string> = {};
  for (const name of kept) {
    const value = header(headers, name);
    if (value !== undefined) own[name] = value;
  }
  const encoding = (header(headers, "content-encoding") ?? "")
    .split(",")
    .map((coding) => coding.trim())
    // The framing of the transfer is no property of the object.
    .filter((coding) => coding !== "" && coding !== "aws-chunked");
  if (encoding.length > 0) own["content-encoding"] = encoding.join(",");
  const metadata: Record<string, string> = {};
  for (const name of Object.keys(headers))
    if (name.startsWith(metadataPrefix)) metadata[name.slice(metadataPrefix.length)] = header(headers, name) ?? "";
  const size = Object.entries(metadata).reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value), 0);
  if (size > 2048)
    throw new S3Error(400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size", {
      Size: size,
      MaxSizeAllowed: 2048,
    });
  return { headers: own, metadata, tags: tagsOf(header(headers, "x-amz-tagging")) };
}

function tagsOf(text: string | undefined): Description["tags"] {
  if (!text) return [];
  const tags = [...new URLSearchParams(text)];
  const bad = tags.length > 10 || tags.some(([key, value]) => key === "" || key.length > 128 || value.length > 256);
  if (bad || new Set(tags.map(([key]) => key)).size < tags.length)
    throw refused.invalidArgument(
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
      "x-amz-tagging",
      text,
    );
  return tags;
}

/** The description as HEAD and GET answer it. */
export function descriptionHeaders(description: Description): Record<string, string> {
  const { headers, metadata, tags } = description;
  return {
    "content-type": "binary/octet-stream",
    ...headers,
    ...Object.fromEntries(Object.entries(metadata).map(([name, value]) => [metadataPrefix + name, value])),
    ...(tags.length > 0 ? { "x-amz-tagging-count": String(tags.length) } : {}),
  };
}
