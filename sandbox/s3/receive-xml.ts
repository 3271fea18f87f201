import type { Call } from "../http.ts";
import type { Claims } from "./claims.ts";
import { refused } from "./errors.ts";
import { receive } from "./receive.ts";
import { type Element, NotXml, readXml } from "./xml-read.ts";

/** Largest document that S3 reads: room for 10,000 parts with checksums. */
const limit = 4 * 1024 * 1024;

/** Takes a small XML body in, checked like any other; `read` makes sense of its root and throws `NotXml` for what the schema forbids. */
export async function receiveXml<T>(call: Call, claims: Claims, root: string, read: (root: Element) => T): Promise<T> {
  const algorithm = claims.checksum?.algorithm ?? "CRC32";
  const { content } = await receive(call.request, claims, { algorithm, limit, discard: false, opaqueEtag: true });
  try {
    const document = readXml(Buffer.concat(content.slice(0, content.size)).toString("utf8"));
    if (document.name !== root) throw new NotXml(`<${document.name}> for <${root}>`);
    return read(document);
  } catch (thrown) {
    if (thrown instanceof NotXml) throw refused.malformedXml();
    throw thrown;
  }
}
