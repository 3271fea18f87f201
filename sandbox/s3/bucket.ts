import { randomBytes } from "node:crypto";
import type { Encryption, StoredObject, Upload } from "./objects.ts";

/** What a bucket is made with; the rest has S3's defaults. */
export interface BucketOptions {
  readonly name: string;
  readonly region: string;
  /** Account that owns it. */
  readonly owner: string;
  readonly encryption?: Encryption;
  /** Configured key, as GetBucketEncryption shows it (id, alias or ARN); default: the ARN. */
  readonly configuredKey?: string;
  readonly versioning?: "Enabled" | "Suspended";
  /** Other accounts that the bucket policy lets in. */
  readonly sharedWith?: readonly string[];
  /** The bucket policy denies `UNSIGNED-PAYLOAD`. */
  readonly requireSignedPayload?: boolean;
  readonly partition?: string;
}

/** A completed upload: repeating its Complete gives the same answer. */
export interface Completed {
  readonly key: string;
  readonly etag: string;
  readonly checksum: StoredObject["checksum"];
}

export class Bucket {
  readonly name: string;
  readonly region: string;
  readonly owner: string;
  readonly partition: string;
  readonly sharedWith: readonly string[];
  encryption: Encryption;
  configuredKey: string | undefined;
  versioning: "Enabled" | "Suspended" | undefined;
  requireSignedPayload: boolean;
  /** Uploads under way, by id. */
  readonly uploads = new Map<string, Upload>();
  readonly completed = new Map<string, Completed>();
  private readonly objects = new Map<string, StoredObject>();
  private readonly changes = new Map<string, number>();
  private sorted: readonly string[] | undefined;

  constructor(options: BucketOptions) {
    this.name = options.name;
    this.region = options.region;
    this.owner = options.owner;
    this.partition = options.partition ?? "aws";
    this.encryption = options.encryption ?? { algorithm: "AES256", bucketKey: false };
    this.configuredKey = options.configuredKey ?? options.encryption?.keyArn;
    this.versioning = options.versioning;
    this.sharedWith = options.sharedWith ?? [];
    this.requireSignedPayload = options.requireSignedPayload ?? false;
  }

  get arn(): string {
    return `arn:${this.partition}:s3:::${this.name}`;
  }

  get(key: string): StoredObject | undefined {
    return this.objects.get(key);
  }

  /** Keys in the order of their UTF-8 bytes, as S3 lists them. */
  keys(): readonly string[] {
    this.sorted ??= [...this.objects.keys()].sort(byteOrder);
    return this.sorted;
  }

  /** Stores the object; in a versioned bucket it gets a version id. */
  put(object: StoredObject): StoredObject {
    if (!this.objects.has(object.key)) this.sorted = undefined;
    const stored =
      this.versioning === "Enabled" ? { ...object, versionId: randomBytes(24).toString("base64url") } : object;
    this.objects.set(object.key, stored);
    this.touch(object.key);
    return stored;
  }

  delete(key: string): boolean {
    const existed = this.objects.delete(key);
    if (existed) {
      this.sorted = undefined;
      this.touch(key);
    }
    return existed;
  }

  /** How often the key has been written or deleted: shows whether something happened during a long request. */
  generation(key: string): number {
    return this.changes.get(key) ?? 0;
  }

  private touch(key: string): void {
    this.changes.set(key, this.generation(key) + 1);
  }
}

/** Order of UTF-8 bytes. UTF-16 order differs from it only where a surrogate meets a character above it. */
export function byteOrder(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index += 1) {
    const x = a.charCodeAt(index);
    const y = b.charCodeAt(index);
    if (x === y) continue;
    const high = (unit: number) => unit >= 0xd800 && unit <= 0xdfff;
    return high(x) === high(y) ? x - y : high(x) ? 1 : -1;
  }
  return a.length - b.length;
}
