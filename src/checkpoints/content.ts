import type { Source } from "../bytes/source.ts";
import type { CheckpointManifest } from "../facts/manifest.ts";

/** An object of S3 that a file is, so that S3 can copy it without the runner. */
export interface ObjectOrigin {
  readonly bucket: string;
  readonly key: string;
  readonly etag: string;
  /** Full-object checksum that S3 keeps of it, where it is CRC32. */
  readonly crc32?: string;
}

/** One file of a checkpoint, wherever it lies. */
export interface CheckpointFile {
  /** Below the model's prefix. */
  readonly path: string;
  readonly size: number;
  /** May be made anew at each access. */
  readonly bytes: Source;
  /** The object that the file is. */
  readonly origin?: ObjectOrigin | undefined;
  /** Where the file begins in its uncompressed archive. */
  readonly offset?: number;
}

/** An archive that lies in S3 with a checksum of all of it: S3 can unpack it, and that can be proven. */
export interface ArchiveInS3 {
  readonly origin: ObjectOrigin;
  readonly checksum: { readonly algorithm: "CRC32" | "CRC64NVME"; readonly value: string };
}

/** A file that passes in one go; its data must be read before the next file is asked for. */
export interface PassingFile {
  /** As the archive names it, before any folder is stripped. */
  readonly path: string;
  readonly size: number;
  readonly data: AsyncIterable<Uint8Array>;
}

/** Files that can be read at random, in parallel and again. */
export interface FilesContent {
  readonly kind: "files";
  readonly files: readonly CheckpointFile[];
  /** Bookkeeping of other tools that is not uploaded, as the source names it. */
  readonly leftOut: readonly string[];
}

/** A compressed archive: its files are known once it was read, and pass in its order. */
export interface StreamContent {
  readonly kind: "stream";
  /** One pass over the archive; it may be asked for again. */
  files(signal: AbortSignal): AsyncIterable<PassingFile>;
  /** SHA-256 of the archive itself, once a pass has ended. */
  sha256(): string;
}

export type Content = FilesContent | StreamContent;

/** A model's source, opened. */
export interface ModelSource {
  readonly label: string;
  /** Equal for equal content, wherever the source lies (`sha256:...`, `etag:...`, `files:...`, `sample:...`). */
  readonly identity: string;
  /** Bytes of the archive, or of all files. */
  readonly size: number;
  readonly content: Content;
  /** That of a prefix which was synced before: its files need no lint, and the copy is the same checkpoint. */
  readonly manifest?: CheckpointManifest;
  /** Absent: the archive does not lie in S3, is compressed, or has no checksum of the whole. */
  readonly inS3?: ArchiveInS3;
  /** The archive itself; absent for folders and prefixes. For its SHA-256. */
  readonly archive?: Source;
  close(): Promise<void>;
}
