import type { Answer } from "../../http.ts";
import { header } from "../claims.ts";
import { refused } from "../errors.ts";
import type { StoredObject } from "../objects.ts";
import type { S3Request } from "../request.ts";
import { type S3Value, s3Document } from "../text.ts";
import { existing } from "./read.ts";

const known = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"];

/** GetObjectAttributes: only what is asked for, in one list that may hold spaces. */
export function getObjectAttributes(request: S3Request): Answer {
  const { call } = request;
  const text = header(call.headers, "x-amz-object-attributes") ?? "";
  const wanted = text.split(",").map((word) => word.trim());
  if (wanted.some((word) => !known.includes(word)))
    throw refused.invalidArgument("Invalid attribute name specified.", "x-amz-object-attributes", text);
  const object = existing(request);
  const { checksum } = object;
  const all: Readonly<Record<string, S3Value>> = {
    ETag: object.etag,
    Checksum: checksum && { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type },
    ObjectParts: object.parts && partsPage(request, object),
    StorageClass: "STANDARD",
    ObjectSize: object.content.size,
  };
  return {
    status: 200,
    headers: { "content-type": "application/xml", "last-modified": object.modified.toUTCString() },
    body: s3Document(
      "GetObjectAttributesResponse",
      Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name))),
    ),
  };
}

/** Parts are listed with their checksums where the upload declared an algorithm; else there is only their number. */
function partsPage({ call }: S3Request, { parts = [], checksum }: StoredObject): S3Value {
  const most = Math.min(1000, Number(header(call.headers, "x-amz-max-parts") ?? 1000));
  const after = Number(header(call.headers, "x-amz-part-number-marker") ?? 0);
  const rest = parts.filter(({ number }) => number > after);
  const page = rest.slice(0, most);
  if (parts.some((part) => part.checksum === undefined)) return { PartsCount: parts.length };
  return {
    PartsCount: parts.length,
    PartNumberMarker: after,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: most,
    IsTruncated: rest.length > page.length,
    Part: page.map((part) => ({
      PartNumber: part.number,
      Size: part.size,
      [`Checksum${checksum?.algorithm}`]: part.checksum,
    })),
  };
}
