import { errorName, errorStatus, fromAws } from "../../aws/errors.ts";
import { type Crc, crc32 } from "../../bytes/crc.ts";
import { unquoted } from "../../facts/prefix.ts";
import type { SentPart, Target } from "./bodies.ts";
import { encryptionProblem } from "./problems.ts";
import type { Store } from "./store.ts";

/** Answers of S3 to Complete after which the upload is of no use: its parts are not what was listed, or it is gone. */
const lost = /^(NoSuchUpload|InvalidPart|InvalidPartOrder|BadDigest|EntityTooSmall|ConditionalRequestConflict)$/;

/** Begins an upload whose whole will have one checksum. */
export async function createUpload(store: Store, key: string, algorithm: Crc["algorithm"] = "CRC32"): Promise<string> {
  const { CreateMultipartUploadCommand } = await import("@aws-sdk/client-s3");
  const { bucket, owner, client, encryption, ctx } = store;
  try {
    const answer = await client.send(
      new CreateMultipartUploadCommand({
        Bucket: bucket,
        Key: key,
        ChecksumAlgorithm: algorithm,
        ChecksumType: "FULL_OBJECT",
        ExpectedBucketOwner: owner,
        ...encryption,
      }),
      { abortSignal: ctx.signal },
    );
    return answer.UploadId ?? "";
  } catch (thrown) {
    throw encryptionProblem(thrown, store) ?? fromAws(thrown, `beginning the upload of s3://${bucket}/${key}`);
  }
}

/** How a Complete ended: with the object's ETag, without one (an error inside a 200, parts that do not fit), or because of its condition. */
export type Completion = { readonly etag: string } | "failed" | "condition";

/**
 * Ends an upload: every part and the whole with their checksums and the size, so that S3 commits exactly what was read here. Whatever is not a
 * clear success is for the caller to look at: the object may be there, and only the answer was lost.
 */
export async function completeUpload(
  store: Store,
  { key, size, found }: Target,
  id: string,
  parts: readonly SentPart[],
  checksum: string,
  crc: Crc = crc32,
): Promise<Completion> {
  const { CompleteMultipartUploadCommand } = await import("@aws-sdk/client-s3");
  const { bucket, owner, client, ctx } = store;
  const command = new CompleteMultipartUploadCommand({
    Bucket: bucket,
    Key: key,
    UploadId: id,
    MultipartUpload: {
      Parts: parts.map((part, index) => ({
        PartNumber: index + 1,
        ETag: part.etag,
        [`Checksum${crc.algorithm}`]: crc.base64(part.crc),
      })),
    },
    [`Checksum${crc.algorithm}`]: checksum,
    ChecksumType: "FULL_OBJECT",
    MpuObjectSize: size,
    ExpectedBucketOwner: owner,
    ...(found ? { IfMatch: found.etag } : { IfNoneMatch: "*" }),
  });
  try {
    const answer = await client.send(command, { abortSignal: ctx.signal });
    const theirs = (answer as unknown as Readonly<Record<string, unknown>>)[`Checksum${crc.algorithm}`] ?? checksum;
    return answer.ETag && answer.Key && theirs === checksum ? { etag: unquoted(answer.ETag) } : "failed";
  } catch (thrown) {
    if (errorStatus(thrown) === 412) return "condition";
    if (lost.test(errorName(thrown))) return "failed";
    throw fromAws(thrown, `completing the upload of s3://${bucket}/${key}`);
  }
}
