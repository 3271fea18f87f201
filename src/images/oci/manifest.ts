import { shown } from "../../tar/names.ts";
import { type Descriptor, damaged, digestLike, isDigest, parseDescriptor } from "./descriptor.ts";

/** One manifest or index with everything that it refers to. */
export interface Manifest {
  readonly descriptor: Descriptor;
  /** As in the archive; pushed unchanged, because its digest is its name. */
  readonly bytes: Buffer;
  /** Manifests that must be in the registry first. */
  readonly children: readonly Descriptor[];
  /** Config, layers and blobs that must be in the repository first. */
  readonly blobs: readonly Descriptor[];
  /** Digest of the configuration: checked before anything is sent, like the manifest itself. */
  readonly config: string | undefined;
  /** The manifest that this one is attached to (attestations, signatures). */
  readonly subject: string | undefined;
}

const image = "an image manifest";
const index = "an index";

/** What the types that every registry knows must be. Others pass on as they are. */
const known: ReadonlyMap<string, string> = new Map([
  ["application/vnd.oci.image.manifest.v1+json", image],
  ["application/vnd.docker.distribution.manifest.v2+json", image],
  ["application/vnd.oci.image.index.v1+json", index],
  ["application/vnd.docker.distribution.manifest.list.v2+json", index],
]);

/** Reads a manifest and proves it. A document that is not what its type says, or that readers could take for either kind (CVE-2021-41190), is refused. */
export function parseManifest(descriptor: Descriptor, bytes: Buffer, archive: string): Manifest {
  const name = `${short(descriptor.digest)} (${descriptor.mediaType})`;
  if (bytes.length !== descriptor.size)
    throw damaged(archive, `manifest ${name} is ${bytes.length} bytes long instead of ${descriptor.size}`);
  const digest = digestLike(descriptor.digest, bytes);
  if (digest !== descriptor.digest) throw damaged(archive, `manifest ${name} has the digest ${digest}`);
  const map = jsonMap(bytes, `manifest ${name}`, archive);
  if (map["schemaVersion"] !== undefined && map["schemaVersion"] !== 2)
    throw damaged(
      archive,
      `manifest ${name} has the schema version ${JSON.stringify(map["schemaVersion"])}; only 2 is known`,
    );
  if (typeof map["mediaType"] === "string" && map["mediaType"] !== descriptor.mediaType)
    throw damaged(archive, `manifest ${name} says of itself that it is ${shown(map["mediaType"])}`);
  refuseOtherShape(map, descriptor.mediaType, name, archive);
  const list = (key: string) => descriptors(map[key], `${key} of manifest ${name}`, archive);
  const config =
    map["config"] === undefined || map["config"] === null
      ? undefined
      : parseDescriptor(map["config"], `the config of manifest ${name}`, archive);
  const subject =
    map["subject"] === undefined || map["subject"] === null
      ? undefined
      : parseDescriptor(map["subject"], `the subject of manifest ${name}`, archive);
  return {
    descriptor,
    bytes,
    children: list("manifests"),
    blobs: [...(config ? [config] : []), ...list("layers"), ...list("blobs")],
    config: config?.digest,
    subject: subject?.digest,
  };
}

function refuseOtherShape(
  map: Readonly<Record<string, unknown>>,
  mediaType: string,
  name: string,
  archive: string,
): void {
  const kind = known.get(mediaType);
  if (kind === undefined) return;
  if (map["schemaVersion"] !== 2) throw damaged(archive, `manifest ${name} says nothing of its schema version`);
  const [own, others] = kind === image ? [["config", "layers"], ["manifests"]] : [["manifests"], ["config", "layers"]];
  const missing = own.filter((key) => map[key] === undefined || map[key] === null);
  const foreign = others.filter((key) => map[key] !== undefined);
  if (missing.length > 0) throw damaged(archive, `${name} is to be ${kind}, and has no ${missing.join(" and no ")}`);
  if (foreign.length > 0) throw damaged(archive, `${name} is to be ${kind}, and has ${foreign.join(" and ")} as well`);
}

const elsewhere =
  /^application\/vnd\.(?:oci\.image\.layer\.nondistributable\.v1\.|docker\.image\.rootfs\.foreign\.diff\.)tar(?:[.+](?:gzip|zstd))?$/;

/** Whether a blob is of the kind that may not be distributed and names where it is: its bytes need not be in an archive. */
export function mayBeElsewhere({ mediaType, urls }: Descriptor): boolean {
  return elsewhere.test(mediaType) && (urls?.length ?? 0) > 0;
}

function descriptors(value: unknown, where: string, archive: string): readonly Descriptor[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw damaged(archive, `${where} is no list`);
  return value.map((item, index) => parseDescriptor(item, `entry ${index + 1} in ${where}`, archive));
}

/** JSON that must be a map. */
export function jsonMap(bytes: Buffer, what: string, archive: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw damaged(archive, `${what} is no JSON`, cause);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw damaged(archive, `${what} is no JSON map`);
  return value as Record<string, unknown>;
}

/** `sha256:0123456789ab`, for people. */
export function short(digest: string): string {
  return isDigest(digest) ? digest.slice(0, digest.indexOf(":") + 13) : digest;
}
