import type { Answer } from "../../http.ts";
import { readClaims } from "../claims.ts";
import { refused } from "../errors.ts";
import { receiveXml } from "../receive-xml.ts";
import type { S3Request } from "../request.ts";
import { type S3Value, s3Document, unquoted } from "../text.ts";
import { childText, type Element, NotXml } from "../xml-read.ts";

const most = 1000;

/** DeleteObjects: what could not be deleted is told inside the 200. The body must be protected by an MD5 or a checksum. */
export async function deleteObjects({ call, bucket, may }: S3Request): Promise<Answer> {
  const claims = readClaims(call.headers);
  if (!claims.md5 && !claims.checksum)
    throw refused.invalidRequest("Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
  const { wanted, quiet } = await receiveXml(call, claims, "Delete", read);
  const deleted: S3Value[] = [];
  const errors: S3Value[] = [];
  for (const { key, etag } of wanted) {
    if (!may("s3:DeleteObject", key)) {
      errors.push({ Key: key, Code: "AccessDenied", Message: "Access Denied" });
      continue;
    }
    const current = bucket.get(key);
    if (etag !== undefined && etag !== "*" && unquoted(etag) !== current?.etag) {
      const { code, message } = current ? refused.preconditionFailed("If-Match") : refused.noSuchKey(key);
      errors.push({ Key: key, Code: code, Message: message });
      continue;
    }
    bucket.delete(key);
    deleted.push({ Key: key });
  }
  return {
    status: 200,
    headers: { "content-type": "application/xml" },
    body: s3Document("DeleteResult", { Deleted: quiet ? [] : deleted, Error: errors }),
  };
}

function read(root: Element) {
  const objects = root.children.filter(({ name }) => name === "Object");
  if (objects.length === 0 || objects.length > most) throw new NotXml("1 to 1,000 objects");
  const wanted = objects.map((object) => {
    const key = childText(object, "Key");
    if (!key) throw new NotXml("an object without a key");
    return { key, etag: childText(object, "ETag") };
  });
  return { wanted, quiet: childText(root, "Quiet") === "true" };
}
