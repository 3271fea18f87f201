import type { Context } from "../action/context.ts";
import type { Aws } from "../aws/session.ts";
import { UserError } from "../errors.ts";
import { lookAt } from "../facts/checkpoint.ts";
import { type CheckpointManifest, manifestDigest } from "../facts/manifest.ts";
import { type Prefix, parsePrefix, prefixUri } from "../facts/prefix.ts";
import type { SyncClients } from "./connect.ts";
import type { ModelSource } from "./content.ts";
import { recordsUsing } from "./in-use.ts";
import type { Strip } from "./layout.ts";
import { lintFiles } from "./lint.ts";
import { deploymentsUsing, type LivePlace } from "./live.ts";
import type { GivenPrefix, ObservedModel } from "./observed.ts";
import { refuseIncomplete } from "./prefix-source.ts";
import { openModelSource } from "./source.ts";
import { tellContent } from "./tell-content.ts";
import { isMarked } from "./verdict.ts";
import type { WantedModel, WantedPrefix } from "./wanted.ts";

/** What observing needs beside the models. */
export interface ObserveSettings {
  readonly strip: Strip;
  readonly replace: boolean;
  readonly records: string | undefined;
  /** Where to look for what runs now. */
  readonly live: LivePlace;
  /** Where a model's files go. */
  readonly placeOf: (model: WantedModel) => Prefix;
}

export interface ObservedSync {
  readonly models: readonly ObservedModel[];
  readonly given: readonly GivenPrefix[];
}

/**
 * Opens every source, lints it, and lists every prefix: nothing is read but headers and what is compared, and nothing is written. Sources that were
 * opened are added to `clients.opened`, whatever happens.
 */
export async function observeSync(
  settings: ObserveSettings,
  clients: SyncClients,
  ctx: Context,
): Promise<ObservedSync> {
  const { wanted } = clients;
  const [models, given] = await Promise.all([
    all(wanted.models.map((model) => observeModel(model, settings, clients, ctx))),
    all(wanted.given.map((prefix) => observeGiven(prefix, clients, ctx))),
  ]);
  return { models, given };
}

/** Waits for all before it throws: nothing is under way any more when a failure is told. */
async function all<T>(promises: readonly Promise<T>[]): Promise<readonly T[]> {
  const results = await Promise.allSettled(promises);
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  return results.map((result) => (result as PromiseFulfilledResult<T>).value);
}

/** Like `all`, of two kinds. */
async function both<A, B>(a: Promise<A>, b: Promise<B>): Promise<readonly [A, B]> {
  await all<unknown>([a, b]);
  return [await a, await b];
}

async function observeModel(
  model: WantedModel,
  settings: ObserveSettings,
  clients: SyncClients,
  ctx: Context,
): Promise<ObservedModel> {
  const { aws, readAs, opened, store } = clients;
  const { key, expectedSha256 } = model;
  const prefix = settings.placeOf(model);
  refuseOverlap(model, prefix);
  const placing = { strip: settings.strip, prefixLength: Buffer.byteLength(prefix.key) };
  const means = { ctx, aws: readAs ?? aws, streams: readAs !== undefined };
  const opening = openModelSource(model.ref, placing, means).then((source) => {
    opened.push(source);
    return source;
  });
  const [source, there] = await both(opening, lookAt(prefix, aws, ctx.signal, store!.owner));
  refuseUnproven(key, source, expectedSha256);
  refuseOtherManifest(key, source.label, source.manifest, model.expectedManifest);
  if (source.content.kind === "files") tellContent(key, source.content.files, source.content.leftOut, ctx);
  const { stored, objects } = there;
  const replaced =
    settings.replace && (stored ? stored.manifest.source.identity !== source.identity : isMarked(objects));
  return {
    key,
    prefix,
    source,
    expectedSha256,
    parameters: await parametersOf(source, ctx),
    ...there,
    users: replaced ? await usersOf(prefix, settings, aws, ctx) : [],
  };
}

/** Who needs the bytes below a prefix: what runs, and what a rollback would start. */
async function usersOf(
  prefix: Prefix,
  { live, records }: ObserveSettings,
  aws: Aws,
  ctx: Context,
): Promise<readonly string[]> {
  const [running, recorded] = await both(deploymentsUsing(prefix, live, aws, ctx), recordsUsing(prefix, records, aws));
  return [...running, ...recorded];
}

/** From the manifest of a synced prefix, else from the headers of the files; unknown for a compressed archive. */
async function parametersOf({ manifest, content }: ModelSource, ctx: Context): Promise<number | undefined> {
  if (manifest) return manifest.parameters;
  return content.kind === "files" ? (await lintFiles(content.files, ctx.signal)).parameters : undefined;
}

/** A prefix that others fill is used as it is; one in our bucket must hold something, and its manifest is told where it has one. */
async function observeGiven(
  { key, uri, expectedManifest }: WantedPrefix,
  { aws, store }: SyncClients,
  ctx: Context,
): Promise<GivenPrefix> {
  const prefix = parsePrefix(uri);
  if (!prefix || prefix.bucket !== store?.bucket) return { key, uri, manifest: undefined };
  const { objects, stored } = await lookAt(prefix, aws, ctx.signal, store.owner);
  if (objects.length === 0) {
    throw new UserError("CHECKPOINT_PREFIX_EMPTY", {
      happened: `${key}: there is nothing below ${uri}. A model server would download nothing and never start.`,
      next: `Correct the prefix (models.${key}.prefix), or give models.${key}.checkpoint so that it is uploaded.`,
    });
  }
  refuseOtherManifest(key, uri, stored?.manifest, expectedManifest);
  if (stored) refuseIncomplete(stored.manifest, objects, prefix);
  return { key, uri, manifest: stored?.manifest };
}

/** Only an archive has a SHA-256 of its own; a prefix has that of the archive which it was synced from. */
function refuseUnproven(key: string, { archive, manifest, label }: ModelSource, expected: string | undefined): void {
  if (expected === undefined || archive) return;
  const { sha256 } = manifest?.source ?? {};
  if (sha256 === expected) return;
  throw new UserError("CHECKPOINT_SHA256", {
    happened: sha256
      ? `${key}: ${label} was synced from an archive with the SHA-256 ${sha256}; expected is ${expected}. Nothing was written.`
      : `${key}: ${label} is no archive, so the expected SHA-256 ${expected.slice(0, 12)}... cannot be compared with anything. Nothing was written.`,
    next: `Give the archive itself as the source, or leave ${key} out of expected-sha256.`,
  });
}

function refuseOtherManifest(
  key: string,
  label: string,
  manifest: CheckpointManifest | undefined,
  expected: string | undefined,
): void {
  if (expected === undefined || (manifest && manifestDigest(manifest) === expected)) return;
  throw new UserError("CHECKPOINT_RECORD", {
    happened: `${key}: ${label} is not the checkpoint that the release record proved (manifest ${expected.slice(0, 12)}).`,
    next: "Restore the prefix, or release again to make a new record.",
  });
}

function refuseOverlap({ key, ref }: WantedModel, prefix: Prefix): void {
  if (ref.kind !== "s3" || ref.bucket !== prefix.bucket) return;
  const from = ref.key === "" || ref.key.endsWith("/") ? ref.key : `${ref.key}/`;
  if (!from.startsWith(prefix.key) && !prefix.key.startsWith(from)) return;
  throw new UserError("CHECKPOINT_PREFIXES_OVERLAP", {
    happened: `${key}: the source ${ref.label} and the prefix ${prefixUri(prefix)} lie one within the other.`,
    next: `If the files are there already, give them as models.${key}.prefix; else choose another prefix.`,
  });
}
