import { createHash } from "node:crypto";
import { UserError } from "../../errors.ts";

/** A content descriptor of the OCI image specification, as far as pushing needs it. */
export interface Descriptor {
  /** As written; passed on byte for byte, known or not. */
  readonly mediaType: string;
  /** `sha256:<64 hex>` or `sha512:<128 hex>`. */
  readonly digest: string;
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
  /** Content that the descriptor carries itself (base64), for blobs that a layout may leave out. */
  readonly data?: string;
  /** Places of a layer that may not be distributed; its bytes need not be in the archive. */
  readonly urls?: readonly string[];
  readonly platform?: string;
}

const digestForms = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export function isDigest(value: unknown): value is string {
  return typeof value === "string" && digestForms.test(value);
}

/** The algorithm that `digest` names. */
export function algorithmOf(digest: string): string {
  return digest.slice(0, digest.indexOf(":"));
}

/** The digest of some content, in one piece or several, by the algorithm that `like` names. */
export function digestLike(like: string, ...pieces: readonly Uint8Array[]): string {
  const algorithm = algorithmOf(like);
  const hash = createHash(algorithm);
  for (const piece of pieces) hash.update(piece);
  return `${algorithm}:${hash.digest("hex")}`;
}

/** Path of a blob inside an image layout. */
export function blobPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

/** Reads one descriptor; `where` and `archive` are told in the refusal. */
export function parseDescriptor(value: unknown, where: string, archive: string): Descriptor {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw damaged(archive, `${where} is no descriptor`);
  const map = value as Record<string, unknown>;
  const { digest, size } = map;
  if (!isDigest(digest))
    throw damaged(archive, `${where} has the digest ${JSON.stringify(digest)}, which is none of sha256 or sha512`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    throw damaged(archive, `${where} (${digest}) has the size ${JSON.stringify(size)}`);
  if (
    typeof map["mediaType"] !== "string" ||
    !/^[A-Za-z0-9][\w!#$&^.+-]{0,126}\/[A-Za-z0-9][\w!#$&^.+-]{0,126}$/.test(map["mediaType"])
  )
    throw damaged(archive, `${where} (${digest}) has no valid media type`);
  return {
    mediaType: map["mediaType"],
    digest,
    size,
    annotations: textMap(map["annotations"]),
    ...(typeof map["data"] === "string" ? { data: map["data"] } : {}),
    ...(Array.isArray(map["urls"]) ? { urls: map["urls"].map(String) } : {}),
    ...(map["platform"] ? { platform: platformOf(map["platform"]) } : {}),
  };
}

function textMap(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, text]) => typeof text === "string"));
}

/** `os/architecture/variant` of a descriptor's platform, or of an image's config; empty where it says nothing, or nothing that may be shown. */
export function platformOf(value: unknown): string {
  const { os, architecture, variant } = value as Record<string, unknown>;
  return [os, architecture, variant]
    .filter((part) => typeof part === "string" && /^[\w.+-]{1,64}$/.test(part))
    .join("/");
}

/** The one refusal of damaged archives. */
export function damaged(archive: string, what: string, cause?: unknown): UserError {
  return new UserError("IMAGE_ARCHIVE_INVALID", {
    happened: `The image archive ${archive} is damaged: ${what}.`,
    next: "Nothing of this image was tagged. Transfer the bundle again and compare its SHA-256 with what Poolside published.",
    cause,
  });
}
