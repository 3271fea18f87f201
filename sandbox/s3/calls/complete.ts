import type { Answer } from "../../http.ts";
import type { Completed } from "../bucket.ts";
import { algorithms, type Checksum, composite, fullObject } from "../checksums/algorithms.ts";
import { header, headerOf, readClaims } from "../claims.ts";
import { type WriteCondition, writeCondition } from "../conditions.ts";
import { Joined } from "../content.ts";
import { encryptionHeaders } from "../encryption.ts";
import { refused, S3Error } from "../errors.ts";
import type { StoredPart, Upload } from "../objects.ts";
import { receiveXml } from "../receive-xml.ts";
import type { S3Request } from "../request.ts";
import { multipartEtag, quoted, s3Document, unquoted } from "../text.ts";
import { childText, type Element, NotXml } from "../xml-read.ts";

interface NamedPart {
  readonly number: number;
  readonly etag: string;
  /** Checksum of the upload's algorithm, where the list has one. */
  readonly checksums: ReadonlyMap<string, string>;
}

/** CompleteMultipartUpload. Repeated with the same id it gives the same answer, as long as no condition forbids it. */
export async function completeMultipartUpload(request: S3Request): Promise<Answer> {
  const { call, bucket, route } = request;
  const id = call.query.get("uploadId") ?? "";
  // The checksum headers of this call are about the object, not about the list in its body.
  const claims = { ...readClaims(call.headers), checksum: undefined };
  const condition = writeCondition(call.headers, bucket, route.key);
  const named = await receiveXml(call, claims, "CompleteMultipartUpload", readList);
  const done = bucket.completed.get(id);
  if (done?.key === route.key) {
    condition.check();
    return completedAnswer(request, done);
  }
  const upload = bucket.uploads.get(id);
  if (upload?.key !== route.key) throw refused.noSuchUpload(id);
  const parts = chosenParts(request, upload, named);
  checkSize(request, parts);
  const checksum = wholeChecksum(upload, parts);
  checkChecksum(request, upload, checksum);
  return store(request, upload, parts, checksum, condition);
}

function store(
  request: S3Request,
  upload: Upload,
  parts: readonly StoredPart[],
  checksum: Checksum,
  condition: WriteCondition,
): Answer {
  const { bucket, now } = request;
  condition.check();
  const etag = multipartEtag(parts.map((part) => part.etag));
  const stored = bucket.put({
    key: upload.key,
    content: new Joined(parts.map(({ content }) => content)),
    etag,
    modified: now,
    description: upload.description,
    encryption: upload.encryption,
    checksum,
    parts: parts.map(({ number, etag: partEtag, size, modified, checksum: own }) => ({
      number,
      etag: partEtag,
      size,
      modified,
      checksum: upload.algorithm && own,
    })),
  });
  bucket.uploads.delete(upload.id);
  const done = { key: upload.key, etag, checksum };
  bucket.completed.set(upload.id, done);
  const answer = completedAnswer(request, done);
  const version: Record<string, string> = stored.versionId ? { "x-amz-version-id": stored.versionId } : {};
  return { ...answer, headers: { ...answer.headers, ...encryptionHeaders(upload.encryption), ...version } };
}

function completedAnswer({ bucket, call }: S3Request, { key, etag, checksum }: Completed): Answer {
  return {
    status: 200,
    headers: { "content-type": "application/xml" },
    body: s3Document("CompleteMultipartUploadResult", {
      Location: `http://${call.headers.host ?? ""}/${bucket.name}/${key}`,
      Bucket: bucket.name,
      Key: key,
      ETag: quoted(etag),
      ...(checksum ? { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type } : {}),
    }),
  };
}

function readList(root: Element): readonly NamedPart[] {
  const parts = root.children.map((part) => {
    if (part.name !== "Part") throw new NotXml(`<${part.name}> in the list of parts`);
    const number = childText(part, "PartNumber") ?? "";
    const etag = childText(part, "ETag");
    if (!/^\d{1,5}$/.test(number) || !etag) throw new NotXml("a part without number or ETag");
    const checksums = new Map<string, string>();
    for (const algorithm of algorithms) {
      const value = childText(part, `Checksum${algorithm}`);
      if (value !== undefined) checksums.set(algorithm, value);
    }
    return { number: Number(number), etag: unquoted(etag), checksums };
  });
  if (parts.length === 0 || parts.length > 10_000) throw new NotXml("1 to 10,000 parts");
  return parts;
}

/** The parts that the list names, in its order, each as it was uploaded. */
function chosenParts(
  { minimumPartSize }: S3Request,
  upload: Upload,
  named: readonly NamedPart[],
): readonly StoredPart[] {
  for (let index = 1; index < named.length; index += 1)
    if (named[index]!.number <= named[index - 1]!.number)
      throw new S3Error(
        400,
        "InvalidPartOrder",
        "The list of parts was not in ascending order. Parts must be ordered by part number.",
        { UploadId: upload.id },
      );
  const parts = named.map((name) => {
    const part = upload.parts.get(name.number);
    if (!part || part.etag !== name.etag || !checksumAgrees(upload, part, name)) throw invalidPart(upload, name);
    return part;
  });
  for (const part of parts.slice(0, -1))
    if (part.size < minimumPartSize)
      throw new S3Error(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", {
        ProposedSize: part.size,
        MinSizeAllowed: minimumPartSize,
        PartNumber: part.number,
        ETag: part.etag,
      });
  // "When using additional checksums", API reference of UploadPart: gaps in the numbers end in a 500.
  if (upload.algorithm && parts.some((part, index) => part.number !== index + 1))
    throw new S3Error(500, "InternalError", "We encountered an internal error. Please try again.");
  return parts;
}

function checksumAgrees(upload: Upload, part: StoredPart, { number, checksums }: NamedPart): boolean {
  if (!upload.algorithm) return checksums.size === 0;
  const given = checksums.get(upload.algorithm);
  if (given === undefined && upload.type === "COMPOSITE")
    throw refused.invalidRequest(
      `The upload was created using a ${upload.algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${number} in the request.`,
    );
  return [...checksums.keys()].every((name) => name === upload.algorithm) && (given ?? part.checksum) === part.checksum;
}

function invalidPart(upload: Upload, { number, etag }: NamedPart): S3Error {
  return new S3Error(
    400,
    "InvalidPart",
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    { UploadId: upload.id, PartNumber: number, ETag: etag },
  );
}

function checkSize({ call }: S3Request, parts: readonly StoredPart[]): void {
  const text = header(call.headers, "x-amz-mp-object-size");
  if (text === undefined) return;
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  if (!/^\d+$/.test(text) || Number(text) !== size)
    throw refused.invalidRequest(
      `The provided 'x-amz-mp-object-size' header value ${text} does not match what was computed: ${size}`,
    );
}

function wholeChecksum(upload: Upload, parts: readonly StoredPart[]): Checksum {
  const algorithm = upload.algorithm ?? "CRC64NVME";
  const own = parts.map(({ checksum, size }) => ({ checksum: checksum ?? "", size }));
  return upload.type === "COMPOSITE"
    ? { algorithm, type: "COMPOSITE", value: composite(algorithm, own) }
    : { algorithm, type: "FULL_OBJECT", value: fullObject(algorithm, own) };
}

/** The object's checksum as the caller claims it. Of an algorithm that was not declared at Create it is not looked at. */
function checkChecksum({ call }: S3Request, upload: Upload, checksum: Checksum): void {
  const type = header(call.headers, "x-amz-checksum-type");
  if (type !== undefined && type !== upload.type) throw refused.badDigest(checksum.algorithm);
  for (const algorithm of algorithms) {
    const value = header(call.headers, headerOf(algorithm));
    if (value === undefined) continue;
    if (algorithm !== checksum.algorithm && upload.algorithm)
      throw refused.invalidRequest(
        `Checksum Type mismatch occurred, expected checksum Type: ${upload.algorithm.toLowerCase()}, actual checksum Type: ${algorithm.toLowerCase()}`,
      );
    const bare = upload.type === "COMPOSITE" && !value.includes("-") ? `${value}-${upload.parts.size}` : value;
    if (algorithm === checksum.algorithm && bare !== checksum.value) throw refused.badDigest(algorithm);
  }
}
