import { s3Client } from "../aws/s3.ts";
import type { Source } from "../bytes/source.ts";
import { unquoted } from "../facts/prefix.ts";
import type { ArchiveInS3 } from "./content.ts";
import type { Means } from "./means.ts";
import { fullChecksum } from "./upload/store.ts";

/**
 * What S3 itself knows of an archive: its ETag and a checksum of all its bytes. `undefined` where it keeps none that combines, or does not tell: then
 * the archive passes through the runner.
 */
export async function archiveInS3(
  place: { readonly bucket: string; readonly key: string },
  archive: Source,
  { aws, ctx }: Means,
): Promise<ArchiveInS3 | undefined> {
  const { HeadObjectCommand } = await import("@aws-sdk/client-s3");
  const client = await s3Client(aws);
  const { bucket, key } = place;
  try {
    const command = new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: "ENABLED" });
    const answer = await client.send(command, { abortSignal: ctx.signal });
    const checksum = fullChecksum(answer as unknown as Readonly<Record<string, unknown>>);
    const combines = checksum?.algorithm === "CRC32" || checksum?.algorithm === "CRC64NVME";
    const etag = unquoted(answer.ETag);
    if (!checksum || !combines || !archive.identity.includes(etag)) return undefined;
    return { origin: { bucket, key, etag }, checksum: checksum as ArchiveInS3["checksum"] };
  } catch (thrown) {
    ctx.signal.throwIfAborted();
    ctx.log.debug(`the checksum of s3://${bucket}/${key} was not told: ${String(thrown)}`);
    return undefined;
  }
}
