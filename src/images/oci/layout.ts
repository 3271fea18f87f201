import { unpackedLayout } from "../../bundle/bundle.ts";
import { UserError } from "../../errors.ts";
import { shown } from "../../tar/names.ts";
import { provenConfigs } from "./config.ts";
import { blobPath, type Descriptor, damaged, parseDescriptor } from "./descriptor.ts";
import { embedded, type LayoutFiles } from "./files.ts";
import { jsonMap, type Manifest, mayBeElsewhere, parseManifest, short } from "./manifest.ts";

/** An image that was read from an archive: complete and, but for its layers' bytes, proven. */
export interface OciImage {
  readonly archive: string;
  /** What gets the tag. */
  readonly root: Descriptor;
  /** Names that the archive's index gives the root (`org.opencontainers.image.ref.name`, else containerd's own annotation); may be none. */
  readonly references: readonly string[];
  /** In the order of pushing: children, the root, then what is attached to it. */
  readonly manifests: readonly Manifest[];
  /** Every blob once; without those that may not be distributed and are not there. */
  readonly blobs: readonly Descriptor[];
  /** Bytes of blobs and manifests. */
  readonly size: number;
  /** `linux/amd64`, ...: as its index says, else its configs. */
  readonly platforms: readonly string[];
}

/** ECR's ceiling for a manifest; also the bound of what is read into memory as one. */
export const manifestLimit = 4_194_304;
const mostManifests = 1_000;
const deepest = 8;
const referenceName = "org.opencontainers.image.ref.name";
/** What containerd and BuildKit write beside it, and some tools instead: the full name. */
const containerdName = "io.containerd.image.name";

/** Reads and proves an image layout: marker, index, every manifest below it, their configs, and that every blob is there in its size. */
export async function readLayout(files: LayoutFiles): Promise<OciImage> {
  const { archive } = files;
  await checkMarker(files);
  const index = jsonMap(await need(files, "index.json", manifestLimit), "index.json", archive);
  const { manifests: listed } = index;
  if (!Array.isArray(listed) || listed.length === 0) throw damaged(archive, "index.json lists no manifest");
  const entries = listed.map((entry, at) => parseDescriptor(entry, `entry ${at + 1} of index.json`, archive));
  const walk = new Walk(files);
  for (const entry of entries) await walk.visit(entry, 0);
  const root = chooseRoot(entries, walk.order, archive);
  const manifests = orderFor(root, walk.order);
  const blobs = provenBlobs(files, manifests);
  const platforms = await provenConfigs(files, manifests, blobs);
  const roots = entries.filter((entry) => entry.digest === root.digest);
  const size = [...blobs, ...manifests.map((manifest) => manifest.descriptor)].reduce(
    (sum, each) => sum + each.size,
    0,
  );
  return { archive, root, references: referencesOf(roots), manifests, blobs, size, platforms };
}

/** An empty name is none. */
function referencesOf(roots: readonly Descriptor[]): readonly string[] {
  const named = (annotation: string) => [...new Set(roots.flatMap((entry) => entry.annotations[annotation] || []))];
  const own = named(referenceName);
  return own.length > 0 ? own : named(containerdName);
}

async function checkMarker(files: LayoutFiles): Promise<void> {
  if (files.size("oci-layout") === undefined) {
    if (files.size("manifest.json") !== undefined) throw dockerArchive(files.archive);
    const paths = [...files.paths()];
    const next = unpackedLayout(paths);
    const some = paths.slice(0, 5).join(", ");
    if (!next) throw damaged(files.archive, `it has no oci-layout file; it holds ${some === "" ? "nothing" : some}`);
    throw new UserError("IMAGE_ARCHIVE_INVALID", {
      happened: `The image archive ${files.archive} has a folder around its image layout.`,
      next,
    });
  }
  const marker = jsonMap(await need(files, "oci-layout", 65_536), "oci-layout", files.archive);
  const version = marker["imageLayoutVersion"];
  if (typeof version !== "string" || !/^1\.\d+\.\d+/.test(version))
    throw damaged(files.archive, `its image layout version is ${JSON.stringify(version)}; 1.0.0 is known`);
}

/** The refusal of docker's own format. */
export function dockerArchive(archive: string): UserError {
  return new UserError("IMAGE_DOCKER_ARCHIVE", {
    happened: `${archive} is a docker archive (manifest.json, no oci-layout), not an OCI archive.`,
    next: `Convert it, and keep its name: skopeo copy docker-archive:${archive} oci-archive:converted/${archive}`,
  });
}

async function need(files: LayoutFiles, path: string, limit: number): Promise<Buffer> {
  const size = files.size(path);
  if (size === undefined) throw damaged(files.archive, `${path} is missing`);
  if (size > limit) {
    if (!path.startsWith("blobs/"))
      throw damaged(files.archive, `${path} has ${size} bytes; at most ${limit} are read`);
    throw new UserError("IMAGE_MANIFEST_TOO_LARGE", {
      happened: `${files.archive} holds a manifest of ${size} bytes; Amazon ECR takes at most ${limit}.`,
      next: "Ask Poolside for an image with fewer layers.",
    });
  }
  return (await files.read(path)) ?? Buffer.alloc(0);
}

/** Depth first, so that children come before their parents; each manifest once. */
class Walk {
  readonly order: Manifest[] = [];
  private readonly seen = new Set<string>();
  private readonly files: LayoutFiles;

  constructor(files: LayoutFiles) {
    this.files = files;
  }

  async visit(descriptor: Descriptor, depth: number): Promise<void> {
    if (this.seen.has(descriptor.digest)) return;
    if (depth > deepest) throw damaged(this.files.archive, `its indexes are nested deeper than ${deepest}`);
    if (this.seen.size >= mostManifests)
      throw damaged(this.files.archive, `it holds more than ${mostManifests} manifests`);
    this.seen.add(descriptor.digest);
    const manifest = parseManifest(descriptor, await this.bytesOf(descriptor), this.files.archive);
    for (const child of manifest.children) await this.visit(child, depth + 1);
    this.order.push(manifest);
  }

  private async bytesOf(descriptor: Descriptor): Promise<Buffer> {
    const path = blobPath(descriptor.digest);
    if (this.files.size(path) === undefined && descriptor.data !== undefined)
      return Buffer.from(descriptor.data, "base64");
    return need(this.files, path, manifestLimit);
  }
}

/**
 * The one image that the archive is about: not what is attached to another entry, not an unnamed entry that is part of another
 * (some writers list all that they wrote), and
 * not one of several different ones.
 */
function chooseRoot(entries: readonly Descriptor[], order: readonly Manifest[], archive: string): Descriptor {
  const byDigest = new Map(order.map((manifest) => [manifest.descriptor.digest, manifest]));
  const attached = (entry: Descriptor) => {
    const subject = byDigest.get(entry.digest)?.subject;
    return subject !== undefined && byDigest.has(subject);
  };
  const children = new Set(order.flatMap((manifest) => manifest.children.map((child) => child.digest)));
  const part = (entry: Descriptor) => children.has(entry.digest) && referencesOf([entry]).length === 0;
  const candidates = entries.filter((entry) => !attached(entry) && !part(entry));
  const roots = new Map(candidates.map((entry) => [entry.digest, entry]));
  const [only] = roots.values();
  if (roots.size === 1 && only) return only;
  const named = [...roots.values()].map((entry) =>
    [short(entry.digest), ...referencesOf([entry]).map(shown), entry.platform].filter(Boolean).join(" "),
  );
  throw new UserError("IMAGE_AMBIGUOUS", {
    happened: `${archive} holds ${roots.size} images, and nothing says which one is meant: ${named.join("; ")}.`,
    next: "Use one archive per image; several platforms of one image belong under one index.",
  });
}

/** Children, root, then the attached ones. All were read and proven; all of them are pushed. */
function orderFor(root: Descriptor, order: readonly Manifest[]): readonly Manifest[] {
  const below = new Set<string>();
  const byDigest = new Map(order.map((manifest) => [manifest.descriptor.digest, manifest]));
  const mark = (digest: string): void => {
    if (below.has(digest)) return;
    below.add(digest);
    for (const child of byDigest.get(digest)?.children ?? []) mark(child.digest);
  };
  mark(root.digest);
  const own = order.filter((manifest) => below.has(manifest.descriptor.digest));
  return [...own, ...order.filter((manifest) => !below.has(manifest.descriptor.digest))];
}

function provenBlobs(files: LayoutFiles, manifests: readonly Manifest[]): readonly Descriptor[] {
  const { archive } = files;
  const blobs = new Map<string, Descriptor>();
  for (const manifest of manifests) {
    for (const blob of manifest.blobs) {
      const before = blobs.get(blob.digest);
      if (before && before.size !== blob.size)
        throw damaged(archive, `${short(blob.digest)} is said to have ${before.size} and ${blob.size} bytes`);
      const size = files.size(blobPath(blob.digest)) ?? embedded(blob, archive)?.length;
      if (size === undefined && mayBeElsewhere(blob)) continue;
      if (size === undefined)
        throw damaged(
          archive,
          `${blobPath(blob.digest)} is missing, which ${short(manifest.descriptor.digest)} refers to`,
        );
      if (size !== blob.size)
        throw damaged(
          archive,
          `${blobPath(blob.digest)} has ${size} bytes; ${short(manifest.descriptor.digest)} says ${blob.size}`,
        );
      blobs.set(blob.digest, before ?? blob);
    }
  }
  return [...blobs.values()];
}
