import type { SourceRef } from "../action/references.ts";
import type { Source } from "../bytes/source.ts";
import { digestOf } from "../canonical.ts";
import { UserError } from "../errors.ts";
import { differencesFrom, isBookkeeping, readManifest } from "../facts/checkpoint.ts";
import { type CheckpointManifest, manifestPath } from "../facts/manifest.ts";
import { type ListedObject, listPrefix, type Prefix, prefixUri } from "../facts/prefix.ts";
import { openSource } from "../transfer/open.ts";
import type { Placing } from "./archive.ts";
import type { CheckpointFile, ModelSource } from "./content.ts";
import { layOut } from "./layout.ts";
import type { Means } from "./means.ts";

/**
 * The files below a prefix of a bucket, which S3 copies by itself. One with our manifest must be complete, and keeps its identity: the copy is the
 * same checkpoint. The bucket is only read, so it may belong to any account that lets us in.
 */
export async function prefixSource(
  ref: Extract<SourceRef, { kind: "s3" }>,
  placing: Placing,
  means: Means,
): Promise<ModelSource> {
  const prefix: Prefix = { bucket: ref.bucket, key: ref.key === "" || ref.key.endsWith("/") ? ref.key : `${ref.key}/` };
  const objects = await listPrefix(prefix, means.aws, means.ctx.signal, "any");
  const stored = objects.some((object) => object.path === manifestPath)
    ? await readManifest(prefix, means.aws, means.ctx.signal, "any")
    : undefined;
  if (stored) refuseIncomplete(stored.manifest, objects, prefix);
  const entries = objects
    .filter((object) => !isBookkeeping(object.path))
    .map((object) => ({ ...object, folder: false }));
  const label = `${prefixUri(prefix)}/`;
  const strip = placing.strip === "auto" ? 0 : placing.strip;
  const { files, leftOut } = layOut(entries, strip, label, placing.prefixLength);
  const crcs = new Map(stored?.manifest.files.map((file) => [file.path, file.checksum]));
  return {
    label,
    identity: stored?.manifest.source.identity ?? listingIdentity(entries),
    size: files.reduce((sum, { entry }) => sum + entry.size, 0),
    ...(stored ? { manifest: stored.manifest } : {}),
    content: {
      kind: "files",
      leftOut,
      files: files.map(({ path, entry }) => fileOf(path, entry, prefix, crcs.get(entry.path), means)),
    },
    close: async () => {},
  };
}

function fileOf(
  path: string,
  object: ListedObject,
  prefix: Prefix,
  checksum: { readonly algorithm: string; readonly value: string } | undefined,
  means: Means,
): CheckpointFile {
  const key = prefix.key + object.path;
  const origin = {
    bucket: prefix.bucket,
    key,
    etag: object.etag,
    ...(checksum?.algorithm === "CRC32" ? { crc32: checksum.value } : {}),
  };
  return {
    path,
    size: object.size,
    bytes: objectSource(prefix.bucket, key, object.size, means),
    ...(means.streams ? {} : { origin }),
  };
}

/** An object that is opened at its first read: most are only ever copied. */
function objectSource(bucket: string, key: string, size: number, means: Means): Source {
  const label = `s3://${bucket}/${key}`;
  let opened: Promise<Source> | undefined;
  const open = () => {
    opened ??= openSource({ kind: "s3", bucket, key, label }, { ctx: means.ctx, aws: async () => means.aws });
    return opened;
  };
  return {
    size,
    label,
    identity: label,
    read: async (offset, into, signal) => (await open()).read(offset, into, signal),
    async *stream(offset, length, signal) {
      const source = await open();
      if (source.stream) yield* source.stream(offset, length, signal);
    },
    close: async () => (await opened)?.close(),
  };
}

function listingIdentity(objects: readonly ListedObject[]): string {
  return `listing:${digestOf(objects.map(({ path, size, etag }) => [path, size, etag]))}`;
}

/** A prefix that has a manifest must be what it says: else a sync of it was not finished, or somebody changed it. */
export function refuseIncomplete(manifest: CheckpointManifest, objects: readonly ListedObject[], prefix: Prefix): void {
  const differing = differencesFrom(manifest, objects);
  if (differing.length === 0) return;
  throw new UserError("CHECKPOINT_INCOMPLETE", {
    happened: `${prefixUri(prefix)} is not what its manifest says: ${differing.slice(0, 5).join(", ")} missing or changed.`,
    next: "Sync that prefix again from its own source first.",
  });
}
