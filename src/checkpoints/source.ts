import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Context } from "../action/context.ts";
import type { SourceRef } from "../action/references.ts";
import { openFile } from "../bytes/file.ts";
import type { Source } from "../bytes/source.ts";
import { EksDeployError, UserError } from "../errors.ts";
import { sniff } from "../transfer/kind.ts";
import { openSource } from "../transfer/open.ts";
import { compressedContent, type Placing, tarContent } from "./archive.ts";
import { archiveInS3 } from "./archive-in-s3.ts";
import type { ModelSource } from "./content.ts";
import { fingerprintArchive, fingerprintFiles } from "./fingerprint.ts";
import { folderContent } from "./folder.ts";
import type { Means } from "./means.ts";
import { prefixSource } from "./prefix-source.ts";

/** How archives are named; any other object of S3 may as well be a folder whose name has a dot in it (`laguna-2.1`). */
const archiveName = /\.(tar|tgz|tzst)$|\.tar\.\w+$/i;

/** Opens a model's source: a folder, an archive on disk, in S3 or behind a URL, or a prefix of a bucket. Nothing is read but headers. */
export async function openModelSource(ref: SourceRef, placing: Placing, means: Means): Promise<ModelSource> {
  if (ref.kind === "path")
    return openPath(resolve(means.ctx.ambient.workspace, ref.path), ref.label, placing, means.ctx);
  if (ref.kind === "url" || archiveName.test(ref.key)) return openArchive(ref, placing, means);
  return prefixSource(ref, placing, means).catch(async (thrown: unknown) => {
    const isPrefix = ref.key === "" || ref.key.endsWith("/") || codeOf(thrown) !== "CHECKPOINT_EMPTY";
    if (isPrefix) throw thrown;
    return openArchive(ref, placing, means).catch((other: unknown) => {
      throw codeOf(other) === "SOURCE_NOT_FOUND" ? thrown : other;
    });
  });
}

async function openArchive(
  ref: Exclude<SourceRef, { kind: "path" }>,
  placing: Placing,
  means: Means,
): Promise<ModelSource> {
  const archive = await openSource(ref, { ctx: means.ctx, aws: async () => means.aws });
  const source = await archiveSource(archive, ref.label, placing, serversIdentity(archive), means.ctx);
  if (ref.kind !== "s3" || means.streams || source.content.kind !== "files") return source;
  const inS3 = await archiveInS3(ref, archive, means);
  return { ...source, ...(inS3 ? { inS3 } : {}) };
}

function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof EksDeployError ? thrown.code : undefined;
}

async function openPath(path: string, label: string, placing: Placing, ctx: Context): Promise<ModelSource> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) {
    const archive = await openFile(path, label);
    return archiveSource(archive, label, placing, undefined, ctx);
  }
  const { content, close } = await folderContent(path, label, placing);
  const size = content.files.reduce((sum, file) => sum + file.size, 0);
  try {
    return { label, identity: await fingerprintFiles(content.files, ctx.signal), size, content, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** `identity` is the server's own where the archive lies on one; on disk it comes from the content. */
async function archiveSource(
  archive: Source,
  label: string,
  placing: Placing,
  identity: string | undefined,
  ctx: Context,
): Promise<ModelSource> {
  try {
    return await readArchive(archive, label, placing, identity, ctx);
  } catch (thrown) {
    await archive.close();
    throw thrown;
  }
}

async function readArchive(
  archive: Source,
  label: string,
  placing: Placing,
  identity: string | undefined,
  ctx: Context,
): Promise<ModelSource> {
  const kind = await sniff(archive, ctx.signal);
  const common = { label, size: archive.size, archive, close: () => archive.close() };
  if (kind === "tar.gz" || kind === "tar.zst") {
    const content = compressedContent(archive, kind);
    return { ...common, identity: identity ?? (await fingerprintArchive(archive, ctx.signal)), content };
  }
  if (kind === "unknown") throw otherFormat(label);
  const content = await tarContent(archive, placing, ctx.signal);
  return { ...common, identity: identity ?? (await fingerprintFiles(content.files, ctx.signal)), content };
}

/** Size and ETag, wherever the object lies; the whole identity of a server that gives no ETag. */
function serversIdentity({ identity }: Source): string {
  const strong = /:(\d+:"[^"]+")$/.exec(identity)?.[1];
  return strong === undefined ? `place:${identity}` : `etag:${strong}`;
}

function otherFormat(label: string): UserError {
  return new UserError("CHECKPOINT_FORMAT", {
    happened: `${label} is no tar, and neither gzip nor zstd.`,
    next: "Give a .tar, .tar.gz or .tar.zst, a folder, or a prefix in S3.",
  });
}
