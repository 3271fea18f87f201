import { createHash } from "node:crypto";
import { canonicalJson } from "../canonical.ts";
import { UserError } from "../errors.ts";
import { cutFirstList } from "./json-list.ts";

/**
 * Where the manifest lies below a model's prefix. The model servers' downloader takes `*.safetensors`, `*.json` and tokenizer files; a copy of this
 * one in a hidden folder of its own changes nothing for the server, which reads its files by name from the prefix's root.
 */
export const manifestPath = ".eks-deploy/manifest.json";

/** One file of a checkpoint as S3 confirmed it. */
export interface ManifestFile {
  /** Below the prefix. */
  readonly path: string;
  readonly size: number;
  readonly etag: string;
  /** Of the full object, as S3 computed it: algorithm (`CRC32`, `CRC64NVME`, ...) and base64 value. Absent for a file that was adopted by its ETag. */
  readonly checksum?: { readonly algorithm: string; readonly value: string };
}

/** What the files were read from. */
export interface ManifestSource {
  /** As users may see it. */
  readonly label: string;
  /** Equal for equal content, wherever the source lies: its SHA-256, size and ETag, or a fingerprint of its files. */
  readonly identity: string;
  /** SHA-256 of the archive, where it was computed. */
  readonly sha256?: string;
}

/** What was uploaded, written when everything was there and confirmed: a prefix without one is not complete. */
export interface CheckpointManifest {
  readonly version: 1;
  /** Version of eks-deploy that wrote it. */
  readonly tool: string;
  readonly source: ManifestSource;
  /** Sorted by path. */
  readonly files: readonly ManifestFile[];
  /** Number of parameters, from the safetensors headers; 0 where there are none. */
  readonly parameters: number;
}

/**
 * Digest of the files' paths, sizes and checksums: a copy in whatever bucket has the same. ETags stay out, because KMS makes them random; the same
 * bytes have another digest only where S3 keeps another kind of checksum of them.
 */
export function manifestDigest(manifest: Pick<CheckpointManifest, "files">): string {
  const known = digests.get(manifest.files);
  if (known !== undefined) return known;
  // The digest of the canonical JSON of all in one list, which is never held as a whole: there may be 100,000 of them.
  const hash = createHash("sha256");
  let before = "[";
  for (const { path, size, checksum } of manifest.files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    hash.update(before + canonicalJson({ path, size, checksum: checksum?.value ?? null }));
    before = ",";
  }
  const digest = hash.update(before === "[" ? "[]" : "]").digest("hex");
  digests.set(manifest.files, digest);
  return digest;
}

const digests = new WeakMap<readonly ManifestFile[], string>();

/** Bytes of all files. */
export function manifestBytes(manifest: Pick<CheckpointManifest, "files">): number {
  return manifest.files.reduce((total, file) => total + file.size, 0);
}

/**
 * Reads a manifest from its bytes as they arrive; `place` is named when it is none. The list of its files is the first list in it, and is parsed some
 * KiB at a time: the text of 100,000 files has 20 MB. Errors: `CHECKPOINT_MANIFEST_INVALID`, and what reading `bytes` throws.
 */
export async function parseManifest(bytes: AsyncIterable<Uint8Array>, place: string): Promise<CheckpointManifest> {
  const files: ManifestFile[] = [];
  try {
    const rest = await cutFirstList(bytes, (items) => {
      for (const item of JSON.parse(items) as ManifestFile[]) {
        if (!isFile(item)) throw new SyntaxError("an item is no file");
        files.push(item);
      }
    });
    const value = JSON.parse(rest) as CheckpointManifest | null;
    if (value?.version === 1 && typeof value.source?.identity === "string" && value.files?.length === 0)
      return { ...value, files };
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
  }
  throw new UserError("CHECKPOINT_MANIFEST_INVALID", {
    happened: `${place} is no checkpoint manifest of version 1.`,
    next: `Remove it and sync the model again: aws s3 rm ${place}`,
  });
}

function isFile(file: ManifestFile): boolean {
  return typeof file?.path === "string" && Number.isSafeInteger(file.size) && typeof file.etag === "string";
}
