import { randomBytes } from "node:crypto";
import { Bucket, type BucketOptions } from "./bucket.ts";
import { checksumOf } from "./checksums/algorithms.ts";
import { Bytes } from "./content.ts";
import type { KeyFinder } from "./encryption.ts";
import type { StoredObject, Upload } from "./objects.ts";
import { md5Of } from "./text.ts";

/** All buckets of all accounts: their names are one space. Tests and worlds reach into it directly. */
export class S3State {
  readonly buckets = new Map<string, Bucket>();

  addBucket(options: BucketOptions): Bucket {
    const bucket = new Bucket(options);
    this.buckets.set(bucket.name, bucket);
    return bucket;
  }

  /** Bucket by name; throws when there is none. */
  bucket(name: string): Bucket {
    const found = this.buckets.get(name);
    if (!found) throw new Error(`the sandbox has no bucket ${name}`);
    return found;
  }

  /** Stores an object as a single PutObject would; `over` changes what S3 would note. */
  put(bucket: string, key: string, body: string | Buffer, over: Partial<StoredObject> = {}): StoredObject {
    const home = this.bucket(bucket);
    const bytes = Buffer.from(body);
    return home.put({
      key,
      content: new Bytes([bytes]),
      etag: home.encryption.algorithm === "AES256" ? md5Of(bytes) : randomBytes(16).toString("hex"),
      modified: new Date(),
      description: { headers: {}, metadata: {}, tags: [] },
      encryption: home.encryption,
      checksum: { algorithm: "CRC64NVME", type: "FULL_OBJECT", value: checksumOf("CRC64NVME", [bytes]) },
      ...over,
    });
  }

  /** Bytes of an object; undefined when there is none. */
  read(bucket: string, key: string): Buffer | undefined {
    const object = this.bucket(bucket).get(key);
    return object && Buffer.concat(object.content.slice(0, object.content.size));
  }

  /** Objects below a prefix, in the order of a listing. */
  list(bucket: string, prefix = ""): readonly StoredObject[] {
    const home = this.bucket(bucket);
    return home
      .keys()
      .filter((key) => key.startsWith(prefix))
      .map((key) => home.get(key)!);
  }

  /** Multipart uploads that are under way. */
  uploads(bucket: string): readonly Upload[] {
    return [...this.bucket(bucket).uploads.values()];
  }
}

/** Without a world around it every key exists and is enabled. */
export const anyKey: KeyFinder = (reference, { partition, region, account }) => ({
  arn: reference.startsWith("arn:") ? reference : `arn:${partition}:kms:${region}:${account}:key/${reference}`,
  enabled: true,
});
