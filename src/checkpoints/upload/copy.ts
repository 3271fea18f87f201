import { errorStatus, fromAws } from "../../aws/errors.ts";
import { type Crc, crc32, crc64Nvme } from "../../bytes/crc.ts";
import { UserError } from "../../errors.ts";
import type { ManifestFile } from "../../facts/manifest.ts";
import { type ListedObject, unquoted } from "../../facts/prefix.ts";
import type { ObjectOrigin } from "../content.ts";
import { largestPart, partsOf } from "../parts.ts";
import type { Target } from "./bodies.ts";
import type { Run } from "./file.ts";
import { completeUpload, createUpload } from "./multipart.ts";
import { encryptionProblem, otherChecksum, race, sealedObject } from "./problems.ts";
import type { Progress } from "./progress.ts";
import { abortUpload, type Checksum, confirmedObject, fullChecksum, type Store } from "./store.ts";

/** A file that S3 copies by itself: a whole object, or a range of one. */
export interface Copy extends Target {
  readonly path: string;
  readonly found: ListedObject | undefined;
  /** What lies there may be adopted, and not written over. */
  readonly sealed?: boolean;
  readonly origin: ObjectOrigin;
  /** Where the file begins in the object: the member of an archive. Absent: the file is the object. */
  readonly offset?: number;
}

/** Parts of a copy: the server moves them, so they may be large. */
const copyPart = 512 * 1_048_576;

/**
 * Copies one object inside S3, under the condition that it is still the listed one, and compares the checksum of the copy with the source's. One that
 * lies there with that checksum is kept.
 */
export async function copyFile(copy: Copy, store: Store, run: Run, progress: Progress): Promise<ManifestFile> {
  const checksum = copy.origin.crc32
    ? { algorithm: "CRC32", value: copy.origin.crc32 }
    : await run(copy.size, () => checksumOfSource(copy, store));
  const there =
    copy.found?.size === copy.size
      ? await run(copy.size, () => confirmedObject(store, copy.key, copy.size, checksum))
      : undefined;
  if (there) {
    progress.add(copy.size, false);
    return { path: copy.path, size: copy.size, etag: there.etag, checksum: there.checksum! };
  }
  if (copy.found && copy.sealed) throw sealedObject(`s3://${store.bucket}/${copy.key}`);
  const crc = checksum?.algorithm === "CRC64NVME" ? crc64Nvme : crc32;
  const entry =
    copy.size <= largestPart
      ? await run(copy.size, () => copyWhole(copy, checksum, store))
      : await copyParts(copy, crc, store, run);
  if (checksum?.algorithm === entry.checksum?.algorithm && checksum?.value !== entry.checksum?.value)
    throw otherChecksum(`s3://${store.bucket}/${copy.key}`);
  progress.add(copy.size, true);
  return entry;
}

async function copyWhole(copy: Copy, checksum: Checksum | undefined, store: Store): Promise<ManifestFile> {
  const { CopyObjectCommand } = await import("@aws-sdk/client-s3");
  const { bucket, owner, client, encryption, ctx } = store;
  const place = `s3://${bucket}/${copy.key}`;
  const algorithm = checksum?.algorithm ?? "CRC32";
  try {
    const answer = await client.send(
      new CopyObjectCommand({
        Bucket: bucket,
        Key: copy.key,
        CopySource: sourceOf(copy.origin),
        CopySourceIfMatch: copy.origin.etag,
        ChecksumAlgorithm: algorithm as "CRC32",
        TaggingDirective: "REPLACE",
        ExpectedBucketOwner: owner,
        ...(copy.found ? { IfMatch: copy.found.etag } : { IfNoneMatch: "*" }),
        ...encryption,
      }),
      { abortSignal: ctx.signal },
    );
    const result = answer.CopyObjectResult;
    const own = fullChecksum({ ...result, ChecksumType: undefined });
    if (!result?.ETag || !own || (checksum && own.value !== checksum.value)) throw otherChecksum(place);
    return { path: copy.path, size: copy.size, etag: unquoted(result.ETag), checksum: own };
  } catch (thrown) {
    if (errorStatus(thrown) === 412) return lostAnswer(copy, checksum, store);
    throw encryptionProblem(thrown, store) ?? fromAws(thrown, `copying s3://${copy.origin.bucket}/${copy.origin.key}`);
  }
}

/** Copies a file in parts, with a checksum of the whole that follows from the parts' own; what it must be is for the caller to compare. */
export async function copyParts(copy: Copy, crc: Crc, store: Store, run: Run): Promise<ManifestFile> {
  const id = await run(copy.size, () => createUpload(store, copy.key, crc.algorithm));
  const parts = partsOf(copy.size, copyPart);
  const copied = await Promise.all(parts.map((part) => run(copy.size, () => copyRange(copy, id, part, crc, store))));
  const whole = copied.reduce((sum, part, index) => crc.combine(sum, part.crc, parts[index]!.size), crc.empty);
  const checksum = { algorithm: crc.algorithm, value: crc.base64(whole) };
  const completion = await run(copy.size, () => completeUpload(store, copy, id, copied, checksum.value, crc));
  if (typeof completion === "object") return { path: copy.path, size: copy.size, etag: completion.etag, checksum };
  const entry = await run(copy.size, () => lostAnswer(copy, checksum, store));
  await abortUpload(store, copy.key, id);
  return entry;
}

/** One range of the source as a part; the part's checksum is S3's own. */
async function copyRange(
  copy: Copy,
  id: string,
  part: { readonly number: number; readonly offset: number; readonly size: number },
  crc: Crc,
  store: Store,
) {
  const { UploadPartCopyCommand } = await import("@aws-sdk/client-s3");
  const start = (copy.offset ?? 0) + part.offset;
  const { bucket, owner, client, ctx } = store;
  try {
    const answer = await client.send(
      new UploadPartCopyCommand({
        Bucket: bucket,
        Key: copy.key,
        UploadId: id,
        PartNumber: part.number,
        CopySource: sourceOf(copy.origin),
        CopySourceIfMatch: copy.origin.etag,
        CopySourceRange: `bytes=${start}-${start + part.size - 1}`,
        ExpectedBucketOwner: owner,
      }),
      { abortSignal: ctx.signal },
    );
    const result = answer.CopyPartResult as Readonly<Record<string, unknown>> | undefined;
    const value = result?.[`Checksum${crc.algorithm}`];
    if (typeof result?.["ETag"] !== "string" || typeof value !== "string")
      throw otherChecksum(`s3://${bucket}/${copy.key}`);
    return { etag: unquoted(result["ETag"]), crc: crc.parse(value), sent: true };
  } catch (thrown) {
    if (errorStatus(thrown) === 412) throw changed(copy.origin);
    throw fromAws(thrown, `copying s3://${copy.origin.bucket}/${copy.origin.key}`);
  }
}

async function checksumOfSource(copy: Copy, { client, ctx }: Store): Promise<Checksum | undefined> {
  const { HeadObjectCommand } = await import("@aws-sdk/client-s3");
  const { bucket, key, etag } = copy.origin;
  try {
    const command = new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: "ENABLED", IfMatch: etag });
    return fullChecksum((await client.send(command, { abortSignal: ctx.signal })) as never);
  } catch (thrown) {
    if (errorStatus(thrown) === 412) throw changed(copy.origin);
    throw fromAws(thrown, `looking at s3://${bucket}/${key}`);
  }
}

/** A condition failed: the copy is there already, because only an answer was lost; or source or destination are other ones than they were. */
async function lostAnswer(copy: Copy, checksum: Checksum | undefined, store: Store): Promise<ManifestFile> {
  const there = await confirmedObject(store, copy.key, copy.size, checksum);
  if (there) return { path: copy.path, size: copy.size, etag: there.etag, checksum: there.checksum! };
  const still = await checksumOfSource(copy, store);
  throw still === undefined && checksum ? changed(copy.origin) : race(`s3://${store.bucket}/${copy.key}`);
}

function changed(origin: ObjectOrigin): UserError {
  return new UserError("CHECKPOINT_SOURCE_CHANGED", {
    happened: `s3://${origin.bucket}/${origin.key} changed while it was copied.`,
    next: "Wait until whoever writes it has finished, then run again.",
  });
}

function sourceOf({ bucket, key }: ObjectOrigin): string {
  return `${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;
}
