import type { S3Client } from "@aws-sdk/client-s3";
import type { Context } from "../../action/context.ts";
import { errorStatus, fromAws } from "../../aws/errors.ts";
import { s3Client } from "../../aws/s3.ts";
import type { Aws } from "../../aws/session.ts";
import { type BufferPool, createPool } from "../../bytes/buffers.ts";
import { decodeKey, unquoted } from "../../facts/prefix.ts";
import { type BucketCalls, openBucket } from "../../transfer/s3.ts";
import type { SendingThreads } from "../../transfer/sending-threads.ts";
import { smallestPart } from "../parts.ts";

/** How new objects are encrypted; empty: as the bucket has it. */
export interface Encryption {
  readonly ServerSideEncryption?: "AES256" | "aws:kms";
  readonly SSEKMSKeyId?: string;
}

/** The bucket that is written to, and who writes. Every call names the account that must own it. */
export interface Store {
  readonly bucket: string;
  readonly owner: string;
  readonly encryption: Encryption;
  readonly aws: Aws;
  /** For control calls. */
  readonly client: S3Client;
  /** For bodies. */
  readonly calls: BucketCalls;
  /** For parts that come over the network. */
  readonly buffers: BufferPool;
  readonly ctx: Context;
}

/** Memory for parts that come over the network, eight of the smallest: with the rest of the process, of which TLS has some 30 MiB then, it stays under 200 MiB (measured). */
const bufferBudget = 8 * smallestPart;

/** Opens the bucket for writing; sends nothing yet. */
export async function openStore(
  place: {
    readonly bucket: string;
    readonly owner: string;
    readonly encryption: Encryption;
    readonly memory?: number;
    readonly threads?: SendingThreads;
  },
  aws: Aws,
  ctx: Context,
): Promise<Store> {
  const { bucket, owner, encryption, memory = bufferBudget, threads } = place;
  const [client, calls] = await Promise.all([s3Client(aws), openBucket(aws, bucket, ctx, { owner, threads })]);
  return { bucket, owner, encryption, aws, client, calls, buffers: createPool(memory), ctx };
}

/** A checksum of a full object as S3 reports it. */
export interface Checksum {
  readonly algorithm: string;
  readonly value: string;
}

/** An object as HEAD shows it. */
export interface HeadedObject {
  readonly size: number;
  readonly etag: string;
  /** Absent: none is kept, or it is one of the parts only (composite). */
  readonly checksum: Checksum | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

export const checksumNames = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const;

/** Size, ETag and full-object checksum of an object; `undefined` where there is none. */
export async function headObject(store: Store, key: string): Promise<HeadedObject | undefined> {
  const { HeadObjectCommand } = await import("@aws-sdk/client-s3");
  const { bucket, owner, client, ctx } = store;
  try {
    const answer = await client.send(
      new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: "ENABLED", ExpectedBucketOwner: owner }),
      { abortSignal: ctx.signal },
    );
    return {
      size: answer.ContentLength ?? 0,
      etag: unquoted(answer.ETag),
      checksum: fullChecksum(answer as unknown as Record<string, unknown>),
      metadata: answer.Metadata ?? {},
    };
  } catch (thrown) {
    if (errorStatus(thrown) === 404) return undefined;
    throw fromAws(thrown, `looking at s3://${bucket}/${key}`);
  }
}

/** The object at `key`, if it has this size and checksum: a write whose answer was lost did succeed. */
export async function confirmedObject(
  store: Store,
  key: string,
  size: number,
  checksum: Checksum | undefined,
): Promise<HeadedObject | undefined> {
  const object = await headObject(store, key);
  const { algorithm, value } = object?.checksum ?? {};
  const same = object?.size === size && checksum?.algorithm === algorithm && checksum?.value === value;
  return same && checksum ? object : undefined;
}

/** The full-object checksum in an answer of S3; one over the parts' checksums proves nothing about the whole and is left out. */
export function fullChecksum(answer: Readonly<Record<string, unknown>>): Checksum | undefined {
  if (answer["ChecksumType"] === "COMPOSITE") return undefined;
  for (const algorithm of checksumNames) {
    const value = answer[`Checksum${algorithm}`];
    if (typeof value === "string" && !value.includes("-")) return { algorithm, value };
  }
  return undefined;
}

/** An upload that was begun and not ended. */
export interface OpenUpload {
  readonly key: string;
  readonly id: string;
  /** ARN of who began it. */
  readonly initiator: string;
  readonly algorithm: string | undefined;
  readonly type: string | undefined;
  readonly initiated: number;
}

/** All unfinished uploads below a key prefix. */
export async function listUploads(store: Store, prefix: string): Promise<readonly OpenUpload[]> {
  const { ListMultipartUploadsCommand } = await import("@aws-sdk/client-s3");
  const { bucket, owner, client, ctx } = store;
  const uploads: OpenUpload[] = [];
  let marker: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {};
  while (marker) {
    const command: InstanceType<typeof ListMultipartUploadsCommand> = new ListMultipartUploadsCommand({
      Bucket: bucket,
      Prefix: prefix,
      EncodingType: "url",
      ExpectedBucketOwner: owner,
      ...marker,
    });
    const page = await client.send(command, { abortSignal: ctx.signal }).catch((thrown: unknown) => {
      throw fromAws(thrown, `listing unfinished uploads below s3://${bucket}/${prefix}`);
    });
    for (const upload of page.Uploads ?? []) {
      uploads.push({
        key: decodeKey(upload.Key ?? ""),
        id: upload.UploadId ?? "",
        initiator: upload.Initiator?.ID ?? "",
        algorithm: upload.ChecksumAlgorithm,
        type: upload.ChecksumType,
        initiated: upload.Initiated?.getTime() ?? 0,
      });
    }
    marker = page.IsTruncated
      ? { KeyMarker: decodeKey(page.NextKeyMarker ?? ""), UploadIdMarker: page.NextUploadIdMarker ?? "" }
      : undefined;
  }
  return uploads;
}

/** A part that S3 holds. */
export interface UploadedPart {
  readonly number: number;
  readonly size: number;
  readonly etag: string;
  /** CRC32, base64. */
  readonly crc32: string | undefined;
}

/** The parts of an unfinished upload; `undefined` where the upload is gone. */
export async function listParts(store: Store, key: string, id: string): Promise<readonly UploadedPart[] | undefined> {
  const { ListPartsCommand } = await import("@aws-sdk/client-s3");
  const { bucket, owner, client, ctx } = store;
  const parts: UploadedPart[] = [];
  let marker: string | undefined = "";
  while (marker !== undefined) {
    const command: InstanceType<typeof ListPartsCommand> = new ListPartsCommand({
      Bucket: bucket,
      Key: key,
      UploadId: id,
      ExpectedBucketOwner: owner,
      PartNumberMarker: marker || undefined,
    });
    const page = await client.send(command, { abortSignal: ctx.signal }).catch((thrown: unknown) => {
      if (errorStatus(thrown) === 404) return undefined;
      throw fromAws(thrown, `listing the parts of s3://${bucket}/${key}`);
    });
    if (!page) return undefined;
    for (const part of page.Parts ?? []) {
      parts.push({
        number: part.PartNumber ?? 0,
        size: part.Size ?? 0,
        etag: unquoted(part.ETag),
        crc32: part.ChecksumCRC32,
      });
    }
    marker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
  }
  return parts;
}

/** Ends an upload for good: again until S3 lists no part of it, because a part under way while it is aborted may still arrive. */
export async function abortUpload(store: Store, key: string, id: string): Promise<void> {
  const { AbortMultipartUploadCommand } = await import("@aws-sdk/client-s3");
  const { bucket, owner, client, ctx } = store;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    await client
      .send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: id, ExpectedBucketOwner: owner }), {
        abortSignal: ctx.signal,
      })
      .catch((thrown: unknown) => {
        if (errorStatus(thrown) !== 404) throw fromAws(thrown, `aborting an upload of s3://${bucket}/${key}`);
      });
    const left = await listParts(store, key, id);
    if (!left || left.length === 0) return;
    await ctx.clock.sleep(1_000 * 2 ** attempt, ctx.signal);
  }
  ctx.log.debug(`an aborted upload of s3://${bucket}/${key} still lists parts`);
}
