import { readWhole } from "../../bundle/whole.ts";
import { memorySource } from "../../bytes/memory.ts";
import type { Source } from "../../bytes/source.ts";
import type { TarMember } from "../../tar/member.ts";
import { guardPaths, normalPath } from "../../tar/policy.ts";
import { dataOf, indexTar } from "../../tar/read.ts";
import { blobPath, type Descriptor } from "./descriptor.ts";
import { embedded, type LayoutFiles } from "./files.ts";
import { dockerArchive, type OciImage, readLayout } from "./layout.ts";

/** An image archive that can be read at random: proven but for its layers' bytes, which are hashed while they are sent. */
export interface OpenImage {
  readonly oci: OciImage;
  /** The bytes of a blob. */
  blob(descriptor: Descriptor): Source;
}

/** Reads an image archive's structure; a few small reads, whatever its size. Errors: those of `readLayout` and of the tar. */
export async function openImage(source: Source, archive: string, signal: AbortSignal): Promise<OpenImage> {
  const members = membersByPath(await indexTar(source, { signal }), archive);
  const files: LayoutFiles = {
    archive,
    paths: () => members.keys(),
    size: (path) => members.get(path)?.size,
    read: (path) => readWhole(dataOf(source, members.get(path)!), signal),
  };
  return {
    oci: await readLayout(files),
    blob(descriptor) {
      const member = members.get(blobPath(descriptor.digest));
      return member ? dataOf(source, member) : memorySource(embedded(descriptor, archive)!, descriptor.digest);
    },
  };
}

/** Files by normal path. A docker archive is told as such before its links and doubles are judged. */
function membersByPath(members: readonly TarMember[], archive: string): ReadonlyMap<string, TarMember> {
  const names = new Set(members.map(({ path }) => normalPath(path)));
  if (names.has("manifest.json") && !names.has("oci-layout")) throw dockerArchive(archive);
  const guard = guardPaths(archive);
  const files = new Map<string, TarMember>();
  for (const member of members) {
    const path = guard.admit(member);
    if (member.type === "file") files.set(path, member);
  }
  return files;
}
