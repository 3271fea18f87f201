import type { Context } from "../action/context.ts";
import type { Located } from "../action/contract.ts";
import type { InputSources } from "../action/load.ts";
import type { SourceRef } from "../action/references.ts";
import { UserError } from "../errors.ts";
import { parsePrefix } from "../facts/prefix.ts";
import { nearest } from "../nearest.ts";
import type { RecordedCheckpoint } from "../record/record.ts";
import type { CheckpointRef, SyncInputs } from "./inputs.ts";
import { modelPrefix, versionOf } from "./version.ts";

/** A model whose checkpoint is to be synced. */
export interface WantedModel {
  readonly key: string;
  readonly ref: SourceRef;
  readonly version: string;
  readonly expectedSha256: string | undefined;
  /** Digest of the manifest that its source must have: that of the release record. */
  readonly expectedManifest: string | undefined;
}

/** A prefix that is there already. */
export interface WantedPrefix {
  readonly key: string;
  /** As the user, an earlier step or the record wrote it. */
  readonly uri: string;
  readonly expectedManifest: string | undefined;
}

export interface Wanted {
  readonly models: readonly WantedModel[];
  readonly given: readonly WantedPrefix[];
}

/** Prefixes that are used as they are: reported by an earlier step, or given by the user (`prefixes`, `models.<key>.prefix`). */
export function givenPrefixes(sources: Pick<InputSources, "report" | "spec">): Readonly<Record<string, string>> {
  const given: Record<string, string> = {};
  const models = mapOf(sources.spec("models"));
  for (const [key, model] of Object.entries(models)) {
    const prefix = (model as Record<string, unknown> | null)?.["prefix"];
    if (typeof prefix === "string") given[key] = prefix;
  }
  for (const [key, prefix] of Object.entries(mapOf(sources.report("sync-checkpoints.prefixes"))))
    given[key] = String(prefix);
  return given;
}

function mapOf(located: Located | undefined): Readonly<Record<string, unknown>> {
  const value = located?.value;
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/**
 * Which models are synced from where, and which prefixes are used as they are. A prefix that is given wins over a source; a record's checkpoint wins
 * over a source, and is used where it lies if it lies in our bucket.
 */
export function wantedFrom(
  inputs: SyncInputs,
  given: Readonly<Record<string, string>>,
  recorded: Readonly<Record<string, RecordedCheckpoint>> | undefined,
  ctx: Context,
): Wanted {
  const sources = recorded ? {} : inputs.checkpoints;
  const known = [...new Set([...Object.keys(sources), ...Object.keys(given), ...Object.keys(recorded ?? {})])].sort();
  if (known.length === 0) throw noModels();
  for (const name of [...inputs.only, ...Object.keys(inputs.versions), ...Object.keys(inputs.expectedSha256)])
    refuseUnknown(name, known);
  const chosen = known.filter((key) => inputs.only.length === 0 || inputs.only.includes(key));
  const models: WantedModel[] = [];
  const prefixes: WantedPrefix[] = [];
  for (const key of chosen) {
    const uri = given[key];
    const checkpoint = recorded?.[key];
    if (uri !== undefined) prefixes.push({ key, uri, expectedManifest: undefined });
    else if (checkpoint && parsePrefix(checkpoint.prefix)?.bucket === inputs.bucket)
      prefixes.push({ key, uri: checkpoint.prefix, expectedManifest: checkpoint.manifest });
    else if (checkpoint) models.push(copyOf(key, checkpoint, inputs));
    else models.push(modelOf(key, sources[key]!, inputs, ctx));
  }
  return { models, given: prefixes };
}

function modelOf(key: string, ref: CheckpointRef, inputs: SyncInputs, ctx: Context): WantedModel {
  if (ref.kind === "unset") {
    throw new UserError("CHECKPOINT_SOURCE_UNSET", {
      happened: `${key}: its checkpoint is named by the variable ${ref.variable}, which is not set or has nothing for this model.`,
      next: `Give the step env: { ${ref.variable}: \${{ secrets.${ref.variable} }} }, or reports of the job that synced it.`,
    });
  }
  if (ref.kind === "url") ctx.mask(ref.url.reveal());
  return {
    key,
    ref,
    version: versionOf(key, ref, inputs.versions[key]),
    expectedSha256: inputs.expectedSha256[key],
    expectedManifest: undefined,
  };
}

/** A proven checkpoint in another bucket: S3 copies it, under the same version. */
function copyOf(key: string, { prefix, manifest }: RecordedCheckpoint, inputs: SyncInputs): WantedModel {
  const place = parsePrefix(prefix);
  if (!place) {
    throw new UserError("CHECKPOINT_RECORD", {
      happened: `${key}: the release record names ${prefix}, which is no S3 place.`,
      next: "Release again to make a new record.",
    });
  }
  const ref: SourceRef = { kind: "s3", ...place, label: prefix };
  const version = versionOf(key, ref, inputs.versions[key]);
  return { key, ref, version, expectedSha256: undefined, expectedManifest: manifest };
}

/** The place of a model's files in our bucket. */
export function placeOf(model: WantedModel, inputs: SyncInputs & { readonly bucket: string }) {
  return modelPrefix(inputs, model.key, model.version);
}

function noModels(): UserError {
  return new UserError("CHECKPOINT_NO_MODELS", {
    happened: "No checkpoints were given.",
    next: "Give checkpoints (a source by model key), or models with checkpoint or prefix in the spec.",
  });
}

function refuseUnknown(name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const near = nearest(name, known);
  throw new UserError("CHECKPOINT_MODEL_UNKNOWN", {
    happened: `There is no checkpoint of a model ${name}.`,
    next: near ? `Did you mean ${near}?` : `The models are ${known.join(", ")}.`,
  });
}
