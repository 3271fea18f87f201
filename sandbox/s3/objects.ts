import type { Algorithm, Checksum, ChecksumType } from "./checksums/algorithms.ts";
import type { Content } from "./content.ts";

/** How an object is encrypted at rest; `keyArn` for the KMS kinds. */
export interface Encryption {
  readonly algorithm: "AES256" | "aws:kms" | "aws:kms:dsse";
  readonly keyArn?: string;
  readonly bucketKey: boolean;
}

/** What a client says about an object beside its bytes. */
export interface Description {
  /** `content-type`, `cache-control`, `content-encoding`, ... as sent. */
  readonly headers: Readonly<Record<string, string>>;
  /** User metadata, names without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly (readonly [string, string])[];
}

export interface StoredPart {
  readonly number: number;
  /** Without quotes, as everywhere here. */
  readonly etag: string;
  readonly size: number;
  readonly modified: Date;
  readonly content: Content;
  /** Base64; of the upload's algorithm. */
  readonly checksum: string | undefined;
}

export interface StoredObject {
  readonly key: string;
  readonly content: Content;
  readonly etag: string;
  readonly modified: Date;
  readonly description: Description;
  readonly encryption: Encryption;
  /** Absent: an object from before S3 computed one for all. */
  readonly checksum: Checksum | undefined;
  /** Multipart objects only. */
  readonly parts?: readonly Omit<StoredPart, "content">[];
  readonly versionId?: string;
}

/** An upload under way, or one that a Complete has ended. Its settings were frozen at Create. */
export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly initiated: Date;
  /** ARN of who began it, and its display name. */
  readonly initiator: string;
  readonly description: Description;
  readonly encryption: Encryption;
  /** Undefined: none was declared, so the whole gets a CRC64NVME that nobody can send. */
  readonly algorithm: Algorithm | undefined;
  readonly type: ChecksumType;
  readonly parts: Map<number, StoredPart>;
}
