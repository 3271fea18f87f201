import type { Context } from "../action/context.ts";
import { count } from "../action/describe.ts";
import { type EksDeployError, RemoteError } from "../errors.ts";
import { comparePages, type ListingDifference } from "../facts/listing.ts";
import type { CheckpointManifest } from "../facts/manifest.ts";
import { type ListedObject, listPages, prefixUri } from "../facts/prefix.ts";
import type { Applied } from "./apply.ts";
import { type ModelWork, prefixesOf, type SyncOutputs, type SyncWork, summariesOf } from "./plan.ts";
import { headObject, type Store } from "./upload/store.ts";
import { inWindow } from "./upload/window.ts";

/** `manifest`: one listing against the manifest; `checksum`: S3 is asked for each object's; `size`: sizes only. */
export type VerifyMode = "manifest" | "checksum" | "size";

export interface Verified {
  readonly outputs: SyncOutputs;
  readonly failure?: EksDeployError;
}

/** Proves that every prefix holds what its manifest says. What was not written in this run was listed while observing: it is not listed again. */
export async function verifySync(
  work: SyncWork,
  applied: Applied | undefined,
  mode: VerifyMode,
  store: Store | undefined,
  concurrency: number,
  ctx: Context,
): Promise<Verified> {
  const problems: string[] = [];
  for (const one of store ? work.models : []) {
    const written = applied?.written.get(one.model.key);
    const manifest = written ?? one.model.stored?.manifest;
    if (!manifest) continue;
    const listed = written || one.deletes.length > 0 ? await listAgain(one, manifest, mode, store!, ctx) : one;
    const differing =
      mode === "checksum" ? await checksumDifferences(one, manifest, store!, concurrency) : listed.differing;
    for (const path of differing) problems.push(`${prefixUri(one.model.prefix)}/${path}`);
    tellExtras(one, listed.extras, ctx);
  }
  const written = applied?.written ?? new Map<string, CheckpointManifest>();
  const manifests = summariesOf(work.models, work.given, written);
  const outputs: SyncOutputs = {
    prefixes: prefixesOf(work.models, work.given),
    manifests,
    checkpointsBytesUploaded: applied?.bytesUploaded ?? 0,
    checkpointsBytesTotal: work.models.reduce((sum, { model }) => sum + (manifests[model.key]?.bytes ?? 0), 0),
  };
  return problems.length === 0 ? { outputs } : { outputs, failure: incomplete(problems) };
}

function listAgain(
  { model }: ModelWork,
  manifest: CheckpointManifest,
  mode: VerifyMode,
  { aws, owner }: Store,
  ctx: Context,
): Promise<ListingDifference> {
  const pages = listPages(model.prefix, aws, ctx.signal, owner);
  return comparePages(manifest, pages, mode === "size" ? "size" : "etag");
}

async function checksumDifferences(
  { model }: ModelWork,
  manifest: CheckpointManifest,
  store: Store,
  concurrency: number,
): Promise<readonly string[]> {
  const differing: string[] = [];
  await inWindow(manifest.files, concurrency, async (file) => {
    const object = await headObject(store, model.prefix.key + file.path);
    const same = file.checksum
      ? object?.checksum?.algorithm === file.checksum.algorithm && object.checksum.value === file.checksum.value
      : object?.etag === file.etag;
    if (object?.size !== file.size || !same) differing.push(file.path);
  });
  return differing.sort();
}

function tellExtras({ model, deletes }: ModelWork, found: readonly ListedObject[], ctx: Context): void {
  const gone = new Set(deletes.map((object) => object.path));
  const extras = found.map((object) => object.path).filter((path) => !gone.has(path));
  if (extras.length === 0) return;
  ctx.log.finding({
    code: "CHECKPOINT_EXTRA_FILES",
    level: "warning",
    happened: `${model.key}: ${count(extras.length, "object")} below ${prefixUri(model.prefix)} ${extras.length === 1 ? "is" : "are"} not part of the checkpoint: ${extras.slice(0, 3).join(", ")}${extras.length > 3 ? ` and ${extras.length - 3} more` : ""}.`,
    next: "Look at them; delete-extra: true deletes them, but for complete checkpoints of their own.",
  });
}

function incomplete(problems: readonly string[]): RemoteError {
  const more = problems.length > 5 ? ` and ${problems.length - 5} more` : "";
  return new RemoteError("CHECKPOINT_INCOMPLETE", {
    happened: `What is in the bucket is not what was synced: ${problems.slice(0, 5).join(", ")}${more} missing or changed.`,
    next: "Run sync-checkpoints again: it uploads what is missing and proves the rest.",
  });
}
