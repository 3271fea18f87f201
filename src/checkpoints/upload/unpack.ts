import { type Crc, crc32, crc64Nvme } from "../../bytes/crc.ts";
import { RemoteError } from "../../errors.ts";
import type { ManifestFile } from "../../facts/manifest.ts";
import type { ArchiveInS3, CheckpointFile, ModelSource } from "../content.ts";
import { smallestPart } from "../parts.ts";
import { crcOf } from "./compare.ts";
import { copyParts } from "./copy.ts";
import { type Engine, type Place, runOn } from "./engine.ts";

/** An archive that is unpacked on the server. */
export interface Unpackable extends ArchiveInS3 {
  readonly crc: Crc;
  readonly source: ModelSource;
}

/**
 * Whether S3 can unpack the archive by itself. Every large file must have the archive's own kind of checksum in the end, also those that are there
 * already (`kept`), or nothing could be proven.
 */
export function unpackable(source: ModelSource, kept: readonly (ManifestFile | undefined)[]): Unpackable | undefined {
  const { inS3 } = source;
  if (!inS3 || source.size <= smallestPart) return undefined;
  const { algorithm } = inS3.checksum;
  const other = kept.some((file) => file && file.size >= smallestPart && file.checksum?.algorithm !== algorithm);
  if (other) return undefined;
  return { ...inS3, source, crc: algorithm === "CRC32" ? crc32 : crc64Nvme };
}

/** Files of this size are copied on the server; smaller ones are no part of an upload, and pass through the runner. */
export function isLarge(file: Pick<CheckpointFile, "size">): boolean {
  return file.size >= smallestPart;
}

/** Copies one member of the archive on the server, over whatever lies there: what it is cannot be known without reading it. */
export async function unpack(
  file: CheckpointFile,
  { key, found }: Place,
  archive: Unpackable,
  { store, queue, progress }: Engine,
): Promise<ManifestFile> {
  const copy = { path: file.path, size: file.size, key, found, origin: archive.origin, offset: file.offset! };
  const entry = await copyParts(copy, archive.crc, store, runOn(queue));
  progress.add(file.size, true);
  return entry;
}

/**
 * Proves that the copies are the archive's bytes without reading them: the checksums that S3 computed of the copies, combined with those of all
 * bytes between them (headers, padding, small files), which are read here, must give the archive's own.
 */
export async function proveUnpacked(
  files: readonly CheckpointFile[],
  entries: readonly ManifestFile[],
  archive: Unpackable,
  { queue }: Engine,
): Promise<void> {
  const { crc, source } = archive;
  const large = files
    .map((file, index) => ({ offset: file.offset!, size: file.size, value: entries[index]!.checksum?.value ?? "" }))
    .filter(isLarge)
    .toSorted((a, b) => a.offset - b.offset);
  const ends = [0, ...large.map((file) => file.offset + file.size)];
  const gaps = await Promise.all(
    ends.map((at, index) => {
      const size = (large[index]?.offset ?? source.size) - at;
      return queue.add(size, async ({ signal }) => ({
        size,
        value: await crcOf(crc, source.archive!, at, size, signal),
      }));
    }),
  );
  let whole = crc.empty;
  for (const [index, gap] of gaps.entries()) {
    whole = crc.combine(whole, gap.value, gap.size);
    const file = large[index];
    if (file) whole = crc.combine(whole, crc.parse(file.value), file.size);
  }
  if (crc.base64(whole) === archive.checksum.value) return;
  throw new RemoteError("CHECKPOINT_CHECKSUM", {
    happened: `The files that S3 copied out of ${source.label} do not combine to the archive's own checksum.`,
    next: "Run again; if it stays so, upload the archive again, or give it as a file on the runner.",
  });
}
