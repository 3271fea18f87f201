import type { ParsedManifest } from "./manifest.ts";

export type Mutability = "MUTABLE" | "IMMUTABLE" | "IMMUTABLE_WITH_EXCLUSION" | "MUTABLE_WITH_EXCLUSION";

export interface Encryption {
  readonly type: "AES256" | "KMS" | "KMS_DSSE";
  /** ARN; KMS kinds only. */
  readonly keyArn?: string;
}

export interface RepositorySettings {
  mutability: Mutability;
  /** Wildcard filters of the two kinds with exclusions. */
  exclusions: readonly string[];
  scanOnPush: boolean;
  readonly encryption: Encryption;
  resourceTags: ReadonlyMap<string, string>;
  policy: string | undefined;
}

/** A blob of one repository. */
export interface StoredBlob {
  readonly size: number;
  /** Undefined where the registry discards bytes. */
  readonly content: readonly Buffer[] | undefined;
}

/** A manifest of one repository, as it was pushed. */
export interface StoredImage {
  readonly digest: string;
  readonly mediaType: string;
  readonly content: Buffer;
  readonly manifest: ParsedManifest;
  readonly pushedAt: number;
  status: "ACTIVE" | "ARCHIVED" | "ACTIVATING";
}

/** An upload session. */
export interface Upload {
  readonly id: string;
  readonly chunks: Buffer[];
  received: number;
  /** End of the Range that the next PATCH is answered with; ECR's is always one PATCH behind. */
  told: number;
  readonly hash: { update(chunk: Buffer): unknown; digest(): string };
}

export interface Repository extends RepositorySettings {
  readonly name: string;
  readonly createdAt: number;
  readonly blobs: Map<string, StoredBlob>;
  /** By digest. */
  readonly images: Map<string, StoredImage>;
  /** Digest by tag. */
  readonly tags: Map<string, string>;
  readonly uploads: Map<string, Upload>;
}

export function createRepository(name: string, now: number, settings: Partial<RepositorySettings>): Repository {
  return {
    mutability: "MUTABLE",
    exclusions: [],
    scanOnPush: false,
    encryption: { type: "AES256" },
    resourceTags: new Map(),
    policy: undefined,
    ...settings,
    name,
    createdAt: now,
    blobs: new Map(),
    images: new Map(),
    tags: new Map(),
    uploads: new Map(),
  };
}

/** Whether a tag that exists stays as it is. Exclusion filters turn the repository's rule around for the tags that they match. */
export function isImmutable(repository: Pick<RepositorySettings, "mutability" | "exclusions">, tag: string): boolean {
  const { mutability, exclusions } = repository;
  const excluded = exclusions.some((filter) => wildcard(filter).test(tag));
  if (mutability === "IMMUTABLE_WITH_EXCLUSION") return !excluded;
  if (mutability === "MUTABLE_WITH_EXCLUSION") return excluded;
  return mutability === "IMMUTABLE";
}

function wildcard(filter: string): RegExp {
  return new RegExp(`^${filter.replaceAll(/[.]/g, "\\.").replaceAll("*", ".*")}$`, "s");
}

/** Tags of an image, sorted. */
export function tagsOf(repository: Repository, digest: string): readonly string[] {
  return [...repository.tags].flatMap(([tag, of]) => (of === digest ? [tag] : [])).sort();
}

/** A blob that can be read: there, and not only part of archived images. */
export function availableBlob(repository: Repository, digest: string): StoredBlob | undefined {
  const users = [...repository.images.values()].filter(({ manifest }) =>
    manifest.blobs.some((blob) => blob.digest === digest),
  );
  if (users.length > 0 && users.every(({ status }) => status === "ARCHIVED")) return undefined;
  return repository.blobs.get(digest);
}
