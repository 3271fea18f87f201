import type { Answer } from "../../http.ts";
import { headerOf, readClaims } from "../claims.ts";
import { encryptionHeaders } from "../encryption.ts";
import { refused } from "../errors.ts";
import type { StoredPart, Upload } from "../objects.ts";
import { receive } from "../receive.ts";
import type { S3Request } from "../request.ts";
import { quoted } from "../text.ts";
import { uploadOf } from "./uploads.ts";
import { largestBody } from "./write.ts";

/** Number of the part, 1 to 10,000. */
export function partNumberOf({ call }: S3Request): number {
  const text = call.query.get("partNumber") ?? "";
  const number = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > 10_000)
    throw refused.invalidArgument("Part number must be an integer between 1 and 10000, inclusive", "partNumber", text);
  return number;
}

export async function uploadPart(request: S3Request): Promise<Answer> {
  const { call, now, discard } = request;
  const number = partNumberOf(request);
  const upload = uploadOf(request);
  const claims = readClaims(call.headers);
  const given = claims.checksum?.algorithm;
  // Parts of a composite checksum must bring theirs; the full object's follows from what S3 computes itself.
  const needed = upload.algorithm !== undefined && upload.type === "COMPOSITE";
  if (given !== upload.algorithm && (given !== undefined || needed))
    throw refused.invalidRequest(
      `Checksum Type mismatch occurred, expected checksum Type: ${upload.algorithm?.toLowerCase() ?? "null"}, actual checksum Type: ${given?.toLowerCase() ?? "null"}`,
    );
  const { content, etag, checksum } = await receive(call.request, claims, {
    algorithm: upload.algorithm ?? "CRC64NVME",
    limit: largestBody,
    discard,
    opaqueEtag: upload.encryption.algorithm !== "AES256",
  });
  keepPart(request, upload, { number, etag, size: content.size, modified: now, content, checksum });
  return {
    status: 200,
    headers: {
      etag: quoted(etag),
      ...encryptionHeaders(upload.encryption),
      ...(given ? { [headerOf(given)]: checksum } : {}),
    },
  };
}

/** Keeps a part in the place of an earlier one of its number; an upload that was aborted or completed meanwhile takes none. */
export function keepPart({ bucket }: S3Request, upload: Upload, part: StoredPart): void {
  if (!bucket.uploads.has(upload.id)) throw refused.noSuchUpload(upload.id);
  upload.parts.set(part.number, part);
}
