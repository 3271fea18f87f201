import type { ArchiveName } from "../../bundle/names.ts";
import { collect } from "../../bundle/whole.ts";
import { type Held, hold } from "../../bytes/lent.ts";
import type { TarMember } from "../../tar/member.ts";
import { guardPaths, type PathGuard } from "../../tar/policy.ts";
import type { PassingMember } from "../../tar/read.ts";
import type { KeptLayout } from "../bundle-index.ts";
import { blobPath, type Descriptor, damaged, digestLike, isDigest } from "../oci/descriptor.ts";
import { dockerArchive, type OciImage } from "../oci/layout.ts";

/** Blobs up to this are read whole: only content tells a manifest from a layer while `index.json` has not come yet. */
const wholeLimit = 16 * 2 ** 20;
/** JSON of one archive that waits for its index. */
const heldLimit = 64 * 2 ** 20;

/** What an archive's passing gives to whoever sends it on. */
export interface OnBlob {
  /** A blob that is whole and proven, in pieces that are to be released. */
  small(blob: Descriptor, pieces: readonly Held[]): void;
  /** A large one: its bytes must be taken before the next member comes. */
  large(blob: Descriptor, data: AsyncIterable<Uint8Array>): Promise<void>;
}

/**
 * Takes an image archive apart while it passes. Small JSON is held until the index tells what it is; every other blob goes on at once, under the
 * digest that its path gives. Gives the layout: all sizes, and what was held.
 */
export async function takeApart(
  name: ArchiveName,
  members: AsyncIterable<PassingMember>,
  onBlob: OnBlob,
): Promise<KeptLayout> {
  const files = new Map<string, Buffer>();
  const sizes = new Map<string, number>();
  const guard = guardPaths(name.file);
  let held = 0;
  for await (const { member, data } of members) {
    const path = admit(guard, member, sizes, name.file);
    if (member.type !== "file") continue;
    sizes.set(path, member.size);
    const blob = blobOf(path, member.size);
    if (!blob) {
      if (/^(oci-layout|index\.json)$/.test(path) && member.size <= wholeLimit) files.set(path, await collect(data));
      continue;
    }
    if (member.size > wholeLimit) {
      await onBlob.large(blob, data);
      continue;
    }
    const pieces: Held[] = [];
    for await (const chunk of data) pieces.push(hold(chunk));
    const bytes = pieces.map((piece) => piece.bytes);
    const digest = digestLike(blob.digest, ...bytes);
    if (digest !== blob.digest) throw damaged(name.file, `${path} has the digest ${digest}`);
    if (!isJson(Buffer.concat(bytes, Math.min(64, member.size)))) {
      onBlob.small(blob, pieces);
      continue;
    }
    held += member.size;
    if (held > heldLimit) throw damaged(name.file, `it holds more than ${heldLimit} bytes of manifests and configs`);
    files.set(path, Buffer.concat(bytes));
    for (const piece of pieces) piece.release();
  }
  if (sizes.has("manifest.json") && !sizes.has("oci-layout")) throw dockerArchive(name.file);
  return { name, files, sizes };
}

/** What of a layout an index needs: the files that prove its structure, no layer that happens to be JSON. */
export function essence({ name, files, sizes }: KeptLayout, oci: OciImage): KeptLayout {
  const needed = new Set([
    "oci-layout",
    "index.json",
    ...oci.manifests
      .flatMap(({ descriptor, config }) => [descriptor.digest, ...(config ? [config] : [])])
      .map(blobPath),
  ]);
  return { name, sizes, files: new Map([...files].filter(([path]) => needed.has(path))) };
}

/** Docker's older archives hold links; what they are is told before their links are judged. */
function admit(guard: PathGuard, member: TarMember, sizes: ReadonlyMap<string, number>, archive: string): string {
  try {
    return guard.admit(member);
  } catch (thrown) {
    const docker = sizes.has("manifest.json") || [...sizes.keys()].some((path) => /^[0-9a-f]{64}\//.test(path));
    throw docker && !sizes.has("oci-layout") ? dockerArchive(archive) : thrown;
  }
}

function blobOf(path: string, size: number): Descriptor | undefined {
  const match = /^blobs\/([^/]+)\/([^/]+)$/.exec(path);
  const digest = match && `${match[1]}:${match[2]}`;
  return isDigest(digest) ? { digest, size, mediaType: "application/octet-stream", annotations: {} } : undefined;
}

function isJson(start: Buffer): boolean {
  const first = start.toString("latin1").trimStart()[0];
  return first === "{" || first === "[";
}
