import { count, size } from "../action/describe.ts";
import { type Change, type Known, type Plan, unknown } from "../action/plan.ts";
import type { Json } from "../canonical.ts";
import { completionMarker, isBookkeeping, otherCheckpoints } from "../facts/bookkeeping.ts";
import { compareListing, type ListingDifference } from "../facts/listing.ts";
import { type CheckpointManifest, manifestBytes, manifestDigest } from "../facts/manifest.ts";
import { type ListedObject, prefixUri } from "../facts/prefix.ts";
import type { GivenPrefix, ObservedModel, SyncSettings } from "./observed.ts";
import { foundOf, isMarked, type Verdict, verdictOf } from "./verdict.ts";

/** Summary of a manifest, as other actions and the record take it. */
export interface ManifestSummary {
  readonly digest: string;
  readonly files: number;
  readonly bytes: number;
  readonly parameters: number;
}

/** What apply does for one model. */
export interface ModelWork {
  readonly model: ObservedModel;
  readonly verdict: Verdict;
  /** Another uploader marked the prefix complete: what lies there may be adopted, and not written over. */
  readonly sealed: boolean;
  /** Paths that the manifest confirms, where others are repaired: they are not touched. */
  readonly kept: ReadonlySet<string>;
  /** Paths of the manifest that are missing or other ones. */
  readonly differing: readonly string[];
  /** Objects that belong to no file: of the manifest where nothing changes, else of the source. */
  readonly extras: readonly ListedObject[];
  readonly deletes: readonly ListedObject[];
}

export interface SyncWork {
  readonly models: readonly ModelWork[];
  readonly given: readonly GivenPrefix[];
}

export interface SyncOutputs {
  readonly prefixes: Readonly<Record<string, string>>;
  readonly manifests: Readonly<Record<string, ManifestSummary>>;
  readonly checkpointsBytesUploaded: number;
  readonly checkpointsBytesTotal: number;
}

/** What must change so that each prefix holds exactly its source, proven by a manifest; empty when it already does. */
export function planSync(
  models: readonly ObservedModel[],
  given: readonly GivenPrefix[],
  settings: SyncSettings,
): Plan<SyncWork, SyncOutputs> {
  const works = models.map((model) => workOf(model, settings));
  return {
    changes: works.flatMap(changesOf),
    endState: endStateOf(models, given, settings),
    outputs: outputsOf(works, given),
    work: { models: works, given },
  };
}

/** The identity that a model's source is known by: the SHA-256 that the user expects, else what the source itself tells. */
export function identityOf(model: Pick<ObservedModel, "expectedSha256" | "source">): string {
  return model.expectedSha256 ? `sha256:${model.expectedSha256}` : model.source.identity;
}

function workOf(model: ObservedModel, settings: SyncSettings): ModelWork {
  const { stored } = model;
  const compared = stored ? compareListing(stored.manifest, model.objects, settings.compareBy) : nothingStored;
  const differing = new Set(compared.differing);
  const sealed = !stored && isMarked(model.objects) && !(settings.replace && model.users.length === 0);
  const verdict = verdictOf(model, differing.size === 0, settings);
  const confirmed = verdict === "repair" ? (stored?.manifest.files ?? []) : [];
  const kept = new Set(confirmed.map((file) => file.path).filter((path) => !differing.has(path)));
  const extras = verdict === "same" ? compared.extras : extrasOf(model);
  const deletes = settings.deleteExtra ? deletable(extras) : [];
  return { model, verdict, sealed, kept, differing: compared.differing, extras, deletes };
}

const nothingStored: ListingDifference = { differing: [], extras: [] };

/** What is no checkpoint of its own: a flat prefix may lie above versions that a release or a rollback needs. */
function deletable(extras: readonly ListedObject[]): readonly ListedObject[] {
  const isOther = otherCheckpoints(extras.map((object) => object.path));
  return extras.filter((object) => !isOther(object.path));
}

/** Objects below the prefix that belong to no file of the source. A compressed source tells its files only when it is read. */
function extrasOf(model: ObservedModel): readonly ListedObject[] {
  const { content } = model.source;
  if (content.kind === "stream") return [];
  const own = new Set(content.files.map((file) => file.path));
  return model.objects.filter((object) => !own.has(object.path) && !isBookkeeping(object.path));
}

function changesOf(work: ModelWork): readonly Change[] {
  const { model, verdict, deletes } = work;
  const name = prefixUri(model.prefix);
  const changes: Change[] = [];
  if (verdict !== "same") changes.push({ ...verbOf(work), kind: "checkpoint", name, to: contentOf(model) });
  if (deletes.length > 0) {
    const paths = deletes.slice(0, 3).map((object) => object.path);
    changes.push({
      verb: "delete",
      kind: "objects",
      name,
      from: `${paths.join(", ")}${deletes.length > 3 ? ` and ${deletes.length - 3} more` : ""}`,
      reason: "delete-extra: true, and the checkpoint does not have them",
    });
  }
  return changes;
}

function verbOf({ model, verdict, differing }: ModelWork): Pick<Change, "verb" | "from" | "reason"> {
  const before = model.stored
    ? `${count(model.stored.manifest.files.length, "file")} from ${model.stored.manifest.source.label}`
    : `what ${completionMarker} marks as complete`;
  if (verdict === "replace") return { verb: "update", from: before, reason: "replace: true" };
  if (verdict === "compare")
    return {
      verb: "adopt",
      from: before,
      reason: "the same files, not yet proven to be this source: their bytes are compared, nothing is sent again",
    };
  if (verdict === "repair") {
    return {
      verb: "update",
      from: before,
      reason: `${count(differing.length, "file")} missing or changed: ${differing.slice(0, 3).join(", ")}`,
    };
  }
  const found = foundOf(model);
  if (found === 0) return { verb: "upload", reason: "not there yet" };
  const all = model.source.content.kind === "files" && found === model.source.content.files.length;
  return {
    verb: all ? "adopt" : "upload",
    from: `${count(found, "file")} without a manifest`,
    reason: "what is there is compared and kept where it is equal",
  };
}

function contentOf(model: ObservedModel): Known<string> {
  const { content, label } = model.source;
  if (content.kind === "stream") return unknown(`the files of ${label} are known once it was read`, identityOf(model));
  const bytes = content.files.reduce((sum, file) => sum + file.size, 0);
  return `${count(content.files.length, "file")}, ${size(bytes)} from ${label}`;
}

/** Independent of what is there: the same before and after, and whether the models were synced in this run or an earlier step. */
function endStateOf(models: readonly ObservedModel[], given: readonly GivenPrefix[], settings: SyncSettings): Json {
  const state: Record<string, Json> = {};
  for (const model of models) state[model.key] = { prefix: prefixUri(model.prefix), source: identityOf(model) };
  for (const { key, uri, manifest } of given)
    state[key] = { prefix: uri.replace(/\/+$/, ""), source: manifest?.source.identity };
  return { checkpoints: state, ...(settings.deleteExtra ? { extra: "deleted" } : {}) };
}

function outputsOf(works: readonly ModelWork[], given: readonly GivenPrefix[]): Plan<SyncWork, SyncOutputs>["outputs"] {
  const waiting = works.find((work) => work.verdict !== "same");
  const total = works.reduce((sum, { model }) => sum + bytesOf(model), 0);
  return {
    prefixes: prefixesOf(works, given),
    manifests: waiting
      ? unknown("a manifest is known once its files are in the bucket", identityOf(waiting.model))
      : summariesOf(works, given, new Map()),
    checkpointsBytesTotal: total,
    ...(waiting ? {} : { checkpointsBytesUploaded: 0 }),
  };
}

/** Every model's prefix: without a slash where we choose it, as the user wrote it where he does. */
export function prefixesOf(works: readonly ModelWork[], given: readonly GivenPrefix[]): Record<string, string> {
  return Object.fromEntries([
    ...works.map(({ model }) => [model.key, prefixUri(model.prefix)] as const),
    ...given.map(({ key, uri }) => [key, uri] as const),
  ]);
}

/** Summaries of all manifests: of those `written` now, else of those that were there. */
export function summariesOf(
  works: readonly ModelWork[],
  given: readonly GivenPrefix[],
  written: ReadonlyMap<string, CheckpointManifest>,
): Record<string, ManifestSummary> {
  const all: Record<string, ManifestSummary> = {};
  for (const { model } of works) {
    const manifest = written.get(model.key) ?? model.stored?.manifest;
    if (manifest) all[model.key] = summaryOf(manifest);
  }
  for (const { key, manifest } of given) if (manifest) all[key] = summaryOf(manifest);
  return all;
}

function summaryOf(manifest: CheckpointManifest): ManifestSummary {
  return {
    digest: manifestDigest(manifest),
    files: manifest.files.length,
    bytes: manifestBytes(manifest),
    parameters: manifest.parameters,
  };
}

/** Bytes of a model's files, or of its compressed archive. */
export function bytesOf({ source, stored }: ObservedModel): number {
  if (source.content.kind === "files") return source.content.files.reduce((sum, file) => sum + file.size, 0);
  return stored ? manifestBytes(stored.manifest) : source.size;
}
