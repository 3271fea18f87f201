import { Readable } from "node:stream";
import type { Answer } from "../../http.ts";
import { header, headerOf } from "../claims.ts";
import { checkRead, notModified } from "../conditions.ts";
import { descriptionHeaders } from "../description.ts";
import { encryptionHeaders } from "../encryption.ts";
import { refused, S3Error } from "../errors.ts";
import type { StoredObject } from "../objects.ts";
import type { S3Request } from "../request.ts";
import { quoted } from "../text.ts";

/** The object that a request is about; a missing one is 404 only for those who may list. */
export function existing(request: S3Request): StoredObject {
  const { bucket, route, call } = request;
  const object = bucket.get(route.key);
  if (!object) throw request.mayList ? refused.noSuchKey(route.key) : refused.accessDenied();
  const version = call.query.get("versionId");
  if (version !== null && version !== (object.versionId ?? "null"))
    throw new S3Error(404, "NoSuchVersion", "The specified version does not exist.", {
      Key: route.key,
      VersionId: version,
    });
  return object;
}

/** GetObject and HeadObject: one range at most, or one part; conditions; checksums on demand. */
export function readObject(request: S3Request): Answer {
  const { call } = request;
  const object = existing(request);
  if (checkRead(call.headers, object) === "unmodified") throw notModified(object);
  const total = object.content.size;
  const part = partOf(request, object);
  const range = part ?? rangeOf(header(call.headers, "range"), total);
  const { from, to } = range ?? { from: 0, to: total };
  const headers: Record<string, string> = {
    ...descriptionHeaders(object.description),
    ...encryptionHeaders(object.encryption),
    "accept-ranges": "bytes",
    "last-modified": object.modified.toUTCString(),
    etag: quoted(object.etag),
    "content-length": String(to - from),
  };
  for (const name of ["content-type", "content-disposition"]) {
    const over = call.query.get(`response-${name}`);
    if (over !== null) headers[name] = over;
  }
  if (object.versionId) headers["x-amz-version-id"] = object.versionId;
  if (range) headers["content-range"] = `bytes ${from}-${to - 1}/${total}`;
  if (part && object.parts) headers["x-amz-mp-parts-count"] = String(object.parts.length);
  if (header(call.headers, "x-amz-checksum-mode")?.toUpperCase() === "ENABLED")
    Object.assign(headers, checksumHeaders(object, part, range !== undefined));
  const status = range ? 206 : 200;
  if (call.method === "HEAD") return { status, headers };
  const chunks = object.content.slice(from, to);
  return { status, headers, body: chunks.length === 1 ? chunks[0]! : Readable.from(chunks, { objectMode: false }) };
}

/** Checksum as the answer to `x-amz-checksum-mode: ENABLED`: the object's, or the part's own; none for an arbitrary range. */
function checksumHeaders(object: StoredObject, part: Span | undefined, ranged: boolean): Record<string, string> {
  const { checksum } = object;
  const value = part && object.parts ? part.checksum : ranged && !part ? undefined : checksum?.value;
  if (!checksum || value === undefined) return {};
  return { [headerOf(checksum.algorithm)]: value, "x-amz-checksum-type": checksum.type };
}

interface Span {
  readonly from: number;
  readonly to: number;
  readonly checksum?: string | undefined;
}

function partOf({ call }: S3Request, object: StoredObject): Span | undefined {
  const text = call.query.get("partNumber");
  if (text === null) return undefined;
  if (call.headers.range !== undefined)
    throw refused.invalidRequest("Cannot specify both Range header and partNumber query parameter");
  const parts = object.parts ?? [{ number: 1, size: object.content.size, checksum: object.checksum?.value }];
  const index = Number(text) - 1;
  const part = parts[index];
  if (!part)
    throw new S3Error(416, "InvalidPartNumber", "The requested partnumber is not satisfiable", {
      ActualPartCount: parts.length,
      PartNumberRequested: text,
    });
  const from = parts.slice(0, index).reduce((sum, { size }) => sum + size, 0);
  return { from, to: from + part.size, checksum: part.checksum };
}

/** A single byte range; undefined (the whole object) for a header that is none or asks for several. */
function rangeOf(text: string | undefined, size: number): Span | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(text?.trim() ?? "");
  const [, first = "", last = ""] = match ?? [];
  if (!match || (first === "" && last === "") || (first !== "" && last !== "" && Number(first) > Number(last)))
    return undefined;
  const from = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (from >= size || from >= to)
    throw new S3Error(
      416,
      "InvalidRange",
      "The requested range is not satisfiable",
      { RangeRequested: text, ActualObjectSize: size },
      { "content-range": `bytes */${size}` },
    );
  return { from, to };
}
