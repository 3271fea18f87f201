import type { Context } from "../action/context.ts";
import { count, size } from "../action/describe.ts";
import { chunksOf } from "../bytes/chunks.ts";
import { runningSha256 } from "../bytes/digest.ts";
import { Cancelled, UserError } from "../errors.ts";
import { type CheckpointManifest, type ManifestFile, manifestBytes } from "../facts/manifest.ts";
import { prefixUri } from "../facts/prefix.ts";
import { createQueue } from "../transfer/queue.ts";
import { deleteObjects } from "./delete.ts";
import type { Strip } from "./layout.ts";
import { manifestOf, removeManifest, writeManifest } from "./manifest.ts";
import { bytesOf, type ModelWork, type SyncWork } from "./plan.ts";
import type { Engine } from "./upload/engine.ts";
import { copiedKeys, uploadFiles } from "./upload/files.ts";
import { trackProgress } from "./upload/progress.ts";
import { settleOrphans } from "./upload/resume.ts";
import { compareFiles } from "./upload/same-bytes.ts";
import type { Store } from "./upload/store.ts";
import { uploadStream } from "./upload/stream.ts";

/** How apply works. */
export interface ApplySettings {
  /** Requests at once, over all models together. */
  readonly concurrency: number;
  readonly partSize: number | undefined;
  readonly strip: Strip;
}

/** What apply did. */
export interface Applied {
  /** Manifests that were written, by model key. */
  readonly written: ReadonlyMap<string, CheckpointManifest>;
  /** Bytes that were sent or copied by this run. */
  readonly bytesUploaded: number;
}

/**
 * Brings every model's files into its prefix, all models at once. Safe to interrupt at any moment: the manifest is removed before the first change
 * of a prefix and written after the last, so what is half done is never taken for complete, and the next run continues it.
 */
export async function applySync(work: SyncWork, store: Store, settings: ApplySettings, ctx: Context): Promise<Applied> {
  const changed = work.models.filter((model) => model.verdict !== "same" || model.deletes.length > 0);
  for (const { model } of changed) await proveSha256(model, ctx);
  const stop = new AbortController();
  const signal = AbortSignal.any([ctx.signal, stop.signal]);
  const own: Store = { ...store, ctx: { ...ctx, signal } };
  const queue = createQueue({ limit: settings.concurrency, signal });
  const progress = trackProgress(
    ctx,
    changed.reduce((sum, one) => sum + expectedBytes(one), 0),
  );
  const window = 2 * settings.concurrency;
  const engine: Engine = { store: own, queue, progress, partSize: settings.partSize, window };
  const written = new Map<string, CheckpointManifest>();
  const failures: unknown[] = [];
  await Promise.allSettled(
    changed.map(async (one) => {
      try {
        const manifest = await syncModel(one, engine, settings, ctx);
        if (manifest) written.set(one.model.key, manifest);
      } catch (reason) {
        failures.push(reason);
        stop.abort();
      }
    }),
  );
  await queue.idle().catch((reason: unknown) => failures.push(reason));
  if (failures.length > 0) {
    ctx.log.info(
      `${size(progress.done)} of ${size(progress.total)} are in ${store.bucket}; the next run continues there`,
    );
    // The first failure cancels everything else: it is the one to tell.
    throw failures.find((reason) => !(reason instanceof Cancelled)) ?? failures[0];
  }
  return { written, bytesUploaded: progress.sent };
}

async function syncModel(
  work: ModelWork,
  engine: Engine,
  settings: ApplySettings,
  ctx: Context,
): Promise<CheckpointManifest | undefined> {
  const { model, verdict } = work;
  const { store } = engine;
  if (verdict === "same") {
    await deleteObjects(store, model.prefix, work.deletes);
    return undefined;
  }
  const same = verdict === "compare" ? await compareFiles(model, engine) : undefined;
  // Where no file changes, the new manifest takes the old one's place: the prefix is complete all the time.
  if (model.stored && !same) await removeManifest(store, model.prefix);
  const brought = same ?? (await bringFiles(work, engine, settings));
  // An answer to Create that was lost leaves an upload that nobody knows of.
  if (!same) await settleOrphans(store, model.prefix.key, () => ({ sent: new Set(), copied: copiedKeys(model) }));
  await deleteObjects(store, model.prefix, work.deletes);
  const source = {
    label: model.source.label,
    identity: model.source.identity,
    ...(brought.sha256 ? { sha256: brought.sha256 } : {}),
  };
  const manifest = manifestOf(source, brought.files, brought.parameters);
  await writeManifest(store, model.prefix, manifest, same ? model.stored?.etag : undefined);
  ctx.log.info(
    `${model.key}: ${count(manifest.files.length, "file")}, ${size(manifestBytes(manifest))} in ${prefixUri(model.prefix)}`,
  );
  return manifest;
}

/** What a model's manifest is made from. */
export interface Brought {
  readonly files: readonly ManifestFile[];
  readonly parameters: number;
  readonly sha256?: string;
}

async function bringFiles(work: ModelWork, engine: Engine, settings: ApplySettings): Promise<Brought> {
  const { model } = work;
  const { content } = model.source;
  if (content.kind === "files")
    return {
      files: await uploadFiles(work, content, engine),
      parameters: model.parameters ?? 0,
      ...(model.expectedSha256 ? { sha256: model.expectedSha256 } : {}),
    };
  const streamed = await uploadStream(work, content, settings.strip, engine);
  if (model.expectedSha256 && streamed.sha256 !== model.expectedSha256) throw otherSha256(model, streamed.sha256);
  return streamed;
}

/** An archive that can be read again is held against its expected SHA-256 before the first write; a compressed one while it passes. */
async function proveSha256({ source, expectedSha256 }: ModelWork["model"], ctx: Context): Promise<void> {
  if (!expectedSha256 || !source.archive || source.content.kind === "stream") return;
  const digest = runningSha256();
  let done = 0;
  for await (const chunk of chunksOf(source.archive, 0, source.archive.size, ctx.signal)) {
    digest.update(chunk);
    done += chunk.length;
    ctx.emit({ kind: "progress", task: `sha256 ${source.label}`, done, total: source.archive.size, unit: "bytes" });
  }
  const actual = digest.hex();
  if (actual !== expectedSha256) throw otherSha256({ source, expectedSha256 }, actual);
}

function otherSha256(
  { source, expectedSha256 }: Pick<ModelWork["model"], "source" | "expectedSha256">,
  actual: string,
): UserError {
  return new UserError("CHECKPOINT_SHA256", {
    happened: `${source.label} has the SHA-256 ${actual}; expected is ${expectedSha256}.`,
    next: `Transfer the archive again, or correct expected-sha256. ${source.content.kind === "stream" ? "Its prefix has no manifest, so nothing of it can be deployed." : "Nothing of it was written."}`,
  });
}

/** Bytes that the run must see in S3; a compressed archive tells its own as they pass. */
function expectedBytes({ model, kept, verdict }: ModelWork): number {
  const { content } = model.source;
  if (verdict === "same" || content.kind === "stream") return 0;
  return bytesOf(model) - content.files.filter((file) => kept.has(file.path)).reduce((sum, file) => sum + file.size, 0);
}
