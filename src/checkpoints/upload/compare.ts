import { createHash } from "node:crypto";
import { bodyChunkSize, chunksOf } from "../../bytes/chunks.ts";
import { type Crc, crc32, crc64Nvme } from "../../bytes/crc.ts";
import type { Source } from "../../bytes/source.ts";
import type { ManifestFile } from "../../facts/manifest.ts";
import type { CheckpointFile } from "../content.ts";
import { type Checksum, type HeadedObject, headObject, type Store } from "./store.ts";

/**
 * Whether the object at `key` holds exactly the bytes of `file`, told by the checksum that S3 keeps of it, else by its MD5 where the ETag is one.
 * Gives its entry in the manifest, or `undefined` where it is another one or nothing proves that it is the same.
 */
export async function equalObject(store: Store, key: string, file: CheckpointFile): Promise<ManifestFile | undefined> {
  const object = await headObject(store, key);
  if (object?.size !== file.size) return undefined;
  const { signal } = store.ctx;
  if (object.checksum) {
    const own = await checksumOf(object.checksum.algorithm, file.bytes, signal);
    return own === object.checksum.value ? entryOf(file, object, object.checksum) : undefined;
  }
  if (!/^[0-9a-f]{32}$/.test(object.etag)) return undefined;
  return (await hashOf("md5", file.bytes, "hex", signal)) === object.etag
    ? entryOf(file, object, undefined)
    : undefined;
}

/** A checksum of all of `source` as S3 writes it; `undefined` for an algorithm that is not computed here. */
export async function checksumOf(algorithm: string, source: Source, signal: AbortSignal): Promise<string | undefined> {
  if (algorithm === "CRC32") return crc32.base64(await crcOf(crc32, source, 0, source.size, signal));
  if (algorithm === "CRC64NVME") return crc64Nvme.base64(await crcOf(crc64Nvme, source, 0, source.size, signal));
  if (algorithm === "SHA256" || algorithm === "SHA1") return hashOf(algorithm, source, "base64", signal);
  return undefined;
}

/** CRC of a range of `source`. */
export async function crcOf(
  crc: Crc,
  source: Source,
  offset: number,
  size: number,
  signal: AbortSignal,
): Promise<bigint> {
  let value = crc.empty;
  for await (const chunk of chunksOf(source, offset, size, signal, bodyChunkSize)) value = crc.update(chunk, value);
  return value;
}

async function hashOf(
  algorithm: string,
  source: Source,
  encoding: "hex" | "base64",
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash(algorithm.toLowerCase());
  for await (const chunk of chunksOf(source, 0, source.size, signal, bodyChunkSize)) hash.update(chunk);
  return hash.digest(encoding);
}

function entryOf(file: CheckpointFile, object: HeadedObject, checksum: Checksum | undefined): ManifestFile {
  return { path: file.path, size: file.size, etag: object.etag, ...(checksum ? { checksum } : {}) };
}
