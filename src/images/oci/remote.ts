import { hasBlob } from "../registry/blobs.ts";
import { readManifest } from "../registry/manifests.ts";
import type { Wire } from "../registry/wire.ts";
import { type Descriptor, damaged } from "./descriptor.ts";
import type { OciImage } from "./layout.ts";
import { type Manifest, mayBeElsewhere, parseManifest, short } from "./manifest.ts";

const mostManifests = 1_000;

/** What is below a digest in a registry: every manifest, proven by its digest, and the blobs that they name. `label` is for people. */
export async function readRemoteImage(
  wire: Wire,
  repository: string,
  digest: string,
  label: string,
): Promise<OciImage> {
  const manifests = new Map<string, Manifest>();
  const root = await visit(undefined, digest);
  const blobs = new Map<string, Descriptor>();
  for (const manifest of manifests.values()) {
    for (const blob of manifest.blobs) {
      if (blobs.has(blob.digest)) continue;
      if (!mayBeElsewhere(blob) || (await hasBlob(wire, repository, blob))) blobs.set(blob.digest, blob);
    }
  }
  const size = [...blobs.values(), ...[...manifests.values()].map(({ descriptor }) => descriptor)].reduce(
    (sum, each) => sum + each.size,
    0,
  );
  return {
    archive: label,
    root,
    references: [],
    manifests: [...manifests.values()],
    blobs: [...blobs.values()],
    size,
    platforms: [],
  };

  async function visit(known: Descriptor | undefined, wanted: string): Promise<Descriptor> {
    if (manifests.size >= mostManifests) throw damaged(label, `it holds more than ${mostManifests} manifests`);
    const found = await readManifest(wire, repository, wanted);
    if (!found) throw damaged(label, `the manifest ${short(wanted)} is missing`);
    const descriptor = known ?? {
      mediaType: found.mediaType,
      digest: wanted,
      size: found.bytes.length,
      annotations: {},
    };
    const manifest = parseManifest(descriptor, found.bytes, label);
    for (const child of manifest.children) if (!manifests.has(child.digest)) await visit(child, child.digest);
    manifests.set(wanted, manifest);
    return descriptor;
  }
}
