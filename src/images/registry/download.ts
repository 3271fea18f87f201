import { UserError } from "../../errors.ts";
import type { Incoming } from "../../transfer/incoming.ts";
import { locationOf } from "../../transfer/redirects.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { short } from "../oci/manifest.ts";
import type { BlobBody } from "./blobs.ts";
import type { Wire } from "./wire.ts";

const redirects = [301, 302, 303, 307, 308];
const mostRedirects = 3;

/** A blob of another registry, read anew for each attempt; what it sends is hashed by whoever sends it on. */
export function blobFrom(source: () => Promise<Wire>, repository: string, blob: Descriptor): BlobBody {
  const open = async () => openBlob(await source(), repository, blob);
  return {
    again: true,
    async whole() {
      const bytes = Buffer.alloc(blob.size);
      await (await open()).into(bytes);
      return bytes;
    },
    body: () => ({ chunks: chunks(open), size: blob.size }),
  };
}

async function* chunks(open: () => Promise<Incoming>): AsyncGenerator<Uint8Array, void, undefined> {
  yield* (await open()).chunks();
}

/** ECR sends a download on to where its blobs lie; our credentials stay behind (they go to the registry's own host only). */
async function openBlob(wire: Wire, repository: string, blob: Descriptor): Promise<Incoming> {
  const what = `reading ${short(blob.digest)} of ${repository}`;
  let url = new URL(`/v2/${repository}/blobs/${blob.digest}`, wire.endpoint).href;
  for (let hop = 0; hop <= mostRedirects; hop += 1) {
    const answer = await wire.open({ what, repository, method: "GET", url, accept: [200, ...redirects] });
    if (answer.status === 200) return answer;
    const next = locationOf(answer.headers["location"] ?? "", url, what);
    answer.discard();
    url = next;
  }
  throw new UserError("REGISTRY_REFUSED", {
    happened: `${what}: the registry sends us on more than ${mostRedirects} times.`,
    next: "Look for a proxy in front of the registry.",
  });
}
