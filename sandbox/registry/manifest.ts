import { createHash } from "node:crypto";
import { refused } from "./errors.ts";

export interface Reference {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** What a manifest says about other content. */
export interface ParsedManifest {
  /** Config and layers that must be there; layers that may not be distributed and say where they are (`urls`) are left out. */
  readonly blobs: readonly Reference[];
  readonly layers: number;
  /** Children of an index. */
  readonly children: readonly Reference[];
  readonly subject: Reference | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

const images = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
] as const;
const indexes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
] as const;

type Json = Readonly<Record<string, unknown>>;

/** Reads a manifest of the type that it was sent as; a `RegistryError` where ECR would not take it. */
export function parseManifest(content: Buffer, contentType: string): ParsedManifest {
  let document: Json;
  try {
    document = object(JSON.parse(content.toString("utf8")));
  } catch {
    throw refused.invalidManifest("Invalid JSON syntax");
  }
  const isIndex = (indexes as readonly string[]).includes(contentType);
  if (!isIndex && !(images as readonly string[]).includes(contentType))
    throw refused.invalidManifest(`Unsupported media type ${contentType}`);
  if (document["schemaVersion"] !== 2) throw refused.invalidManifest("schemaVersion must be 2");
  const { mediaType } = document;
  if (mediaType !== undefined && mediaType !== contentType)
    throw refused.invalidManifest(`mediaType '${String(mediaType)}' does not match the Content-Type '${contentType}'`);
  if (mediaType === undefined && contentType.includes("docker")) throw refused.invalidManifest("mediaType is required");
  return isIndex ? parseIndex(document) : parseImage(document);
}

function parseImage(document: Json): ParsedManifest {
  const { config, layers } = document;
  if (config === undefined || !Array.isArray(layers) || document["manifests"] !== undefined)
    throw refused.invalidManifest("config and layers are required");
  const list = layers.map((layer) => ({ ...reference(layer), foreign: isForeign(object(layer)) }));
  const configured = reference(config);
  return {
    ...common(document),
    blobs: [configured, ...list.filter(({ foreign }) => !foreign)],
    layers: list.length,
    children: [],
    artifactType: text(document["artifactType"]) ?? configured.mediaType,
  };
}

function parseIndex(document: Json): ParsedManifest {
  const { manifests } = document;
  if (!Array.isArray(manifests) || document["layers"] !== undefined)
    throw refused.invalidManifest("manifests is required");
  return {
    ...common(document),
    blobs: [],
    layers: 0,
    children: manifests.map(reference),
    artifactType: text(document["artifactType"]),
  };
}

function common(document: Json) {
  const { subject, annotations } = document;
  return {
    subject: subject === undefined ? undefined : reference(subject),
    annotations: annotations === undefined ? {} : (object(annotations) as Readonly<Record<string, string>>),
  };
}

/** As the distribution registry has it (manifest handlers of docker and OCI): `urls` excuse these types only. */
function isForeign({ mediaType, urls }: Json): boolean {
  const type =
    /^application\/vnd\.(oci\.image\.layer\.nondistributable\.v1\.|docker\.image\.rootfs\.foreign\.diff\.)tar([.+](gzip|zstd))?$/;
  return Array.isArray(urls) && urls.length > 0 && type.test(String(mediaType));
}

function reference(value: unknown): Reference {
  const { mediaType, digest, size } = object(value);
  if (typeof mediaType !== "string" || mediaType === "") throw refused.invalidManifest("a descriptor has no mediaType");
  if (typeof digest !== "string" || !isDigest(digest))
    throw refused.invalidManifest(`Invalid digest ${String(digest)}`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    throw refused.invalidManifest(`Invalid size of ${digest}`);
  return { mediaType, digest, size };
}

function object(value: unknown): Json {
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw refused.invalidManifest("an object was expected");
  return value as Json;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** ECR knows SHA-256 only. */
export function isDigest(digest: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(digest);
}

export function digestOf(content: Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}
