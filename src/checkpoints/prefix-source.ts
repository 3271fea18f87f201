import type { SourceRef } from "../action/references.ts";
import { errorName } from "../aws/errors.ts";
import { type Aws, inRegion } from "../aws/session.ts";
import { sourceDenied, sourceNotFound } from "../bytes/failures.ts";
import type { Source } from "../bytes/source.ts";
import { digestOf } from "../canonical.ts";
import { UserError } from "../errors.ts";
import { isBookkeeping } from "../facts/bookkeeping.ts";
import { lookAt } from "../facts/checkpoint.ts";
import { compareListing } from "../facts/listing.ts";
import type { CheckpointManifest } from "../facts/manifest.ts";
import { byPath, type ListedObject, type Prefix, prefixUri, regionIn } from "../facts/prefix.ts";
import { openSource } from "../transfer/open.ts";
import type { Placing } from "./archive.ts";
import type { CheckpointFile, ModelSource, ObjectOrigin } from "./content.ts";
import { layOut } from "./layout.ts";
import type { Means } from "./means.ts";

/**
 * The files below a prefix of a bucket, which S3 copies by itself. One with our manifest must be complete, and keeps its identity: the copy is the
 * same checkpoint. The bucket is only read, so it may belong to any account that lets us in.
 */
export async function prefixSource(
  ref: Extract<SourceRef, { kind: "s3" }>,
  placing: Placing,
  given: Means,
): Promise<ModelSource> {
  const prefix: Prefix = { bucket: ref.bucket, key: ref.key === "" || ref.key.endsWith("/") ? ref.key : `${ref.key}/` };
  const { objects, stored, means } = await lookAtSource(prefix, given);
  if (stored) refuseIncomplete(stored.manifest, objects, prefix);
  const entries = objects
    .filter((object) => !isBookkeeping(object.path))
    .map((object) => ({ ...object, folder: false }));
  const label = `${prefixUri(prefix)}/`;
  const strip = placing.strip === "auto" ? 0 : placing.strip;
  const { files, leftOut } = layOut(entries, strip, label, placing.prefixLength);
  const before = byPath(stored?.manifest.files ?? []);
  return {
    label,
    identity: stored?.manifest.source.identity ?? listingIdentity(entries),
    size: files.reduce((sum, { entry }) => sum + entry.size, 0),
    ...(stored ? { manifest: stored.manifest } : {}),
    content: {
      kind: "files",
      leftOut,
      files: files.map(({ path, entry }) => {
        const checksum = before.get(entry.path)?.checksum;
        return new ObjectFile(path, entry, checksum?.algorithm === "CRC32" ? checksum.value : undefined, prefix, means);
      }),
    },
    close: async () => {},
  };
}

/**
 * What lies below a prefix, and how to read it: one in another region is read there, and its files pass through this runner, because the bucket that is
 * written to answers for its own region only.
 */
async function lookAtSource(prefix: Prefix, means: Means) {
  const look = (aws: Aws) => lookAt(prefix, aws, means.ctx.signal, "any");
  try {
    return { ...(await look(means.aws)), means };
  } catch (thrown) {
    const region = regionIn(thrown);
    if (region === undefined || region === means.aws.region) throw refusedSource(thrown, prefix, means.aws);
    const aws = inRegion(means.aws, region);
    means.ctx.log.info(`${prefixUri(prefix)} lies in ${region}: its files pass through this runner`);
    return { ...(await look(aws)), means: { ...means, aws, streams: true } };
  }
}

function refusedSource(thrown: unknown, prefix: Prefix, { arn }: Aws): unknown {
  const cause = (thrown as { readonly cause?: unknown }).cause;
  const label = `${prefixUri(prefix)}/`;
  if (errorName(cause) === "NoSuchBucket") return sourceNotFound(label, "object", thrown);
  if (errorName(cause) !== "AccessDenied") return thrown;
  return sourceDenied(
    label,
    `Allow ${arn} s3:ListBucket on the bucket and s3:GetObject below the prefix, in its own account too where that is another one.`,
    thrown,
  );
}

/** A file that is an object, in few fields: there may be a hundred thousand of them, and what opens one is made where it is wanted. */
class ObjectFile implements CheckpointFile {
  readonly path: string;
  private readonly object: ListedObject;
  private readonly crc32: string | undefined;
  private readonly prefix: Prefix;
  private readonly means: Means;
  private source: Source | undefined;

  constructor(path: string, object: ListedObject, crc32: string | undefined, prefix: Prefix, means: Means) {
    this.path = path;
    this.object = object;
    this.crc32 = crc32;
    this.prefix = prefix;
    this.means = means;
  }

  get size(): number {
    return this.object.size;
  }

  get bytes(): Source {
    this.source ??= objectSource(this.prefix.bucket, this.key, this.size, this.means);
    return this.source;
  }

  get origin(): ObjectOrigin | undefined {
    if (this.means.streams) return undefined;
    const { crc32, prefix, object } = this;
    return { bucket: prefix.bucket, key: this.key, etag: object.etag, ...(crc32 === undefined ? {} : { crc32 }) };
  }

  private get key(): string {
    return this.prefix.key + this.object.path;
  }
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
  const { differing } = compareListing(manifest, objects, "etag");
  if (differing.length === 0) return;
  throw new UserError("CHECKPOINT_INCOMPLETE", {
    happened: `${prefixUri(prefix)} is not what its manifest says: ${differing.slice(0, 5).join(", ")} missing or changed.`,
    next: "Sync that prefix again from its own source first.",
  });
}
