import type { Context } from "../action/context.ts";
import type { SourceRef } from "../action/references.ts";
import type { Aws } from "../aws/session.ts";
import { UserError } from "../errors.ts";
import { readManifest } from "../facts/checkpoint.ts";
import { manifestPath } from "../facts/manifest.ts";
import { listPrefix, type Prefix, parsePrefix, prefixUri } from "../facts/prefix.ts";
import { recordsUsing } from "./in-use.ts";
import { layoutDoubts, type Strip } from "./layout.ts";
import { lintFiles } from "./lint.ts";
import type { GivenPrefix, ObservedModel } from "./plan.ts";
import { openModelSource } from "./source.ts";

/** A model as the user wants it. */
export interface WantedModel {
  readonly key: string;
  readonly ref: SourceRef;
  readonly prefix: Prefix;
  readonly expectedSha256: string | undefined;
}

/** What observing needs to know of the inputs. */
export interface Wanted {
  readonly models: readonly WantedModel[];
  /** Prefixes that others fill, by model key, as the user wrote them. */
  readonly given: Readonly<Record<string, string>>;
  readonly bucket: string;
  readonly owner: string;
  readonly strip: Strip;
  readonly replace: boolean;
  readonly records: string | undefined;
}

export interface ObservedSync {
  readonly models: readonly ObservedModel[];
  readonly given: readonly GivenPrefix[];
}

/**
 * Opens every source, lints it, and lists every prefix: nothing is read but headers and what is compared, and nothing is written. `onOpen` hears of
 * every source, so that it can be closed whatever happens.
 */
export async function observeSync(
  wanted: Wanted,
  aws: Aws,
  ctx: Context,
  onOpen: (source: { close(): Promise<void> }) => void,
): Promise<ObservedSync> {
  const [models, given] = await Promise.all([
    all(wanted.models.map((model) => observeModel(model, wanted, aws, ctx, onOpen))),
    all(Object.entries(wanted.given).map(([key, uri]) => observeGiven(key, uri, wanted, aws, ctx))),
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

async function observeModel(
  model: WantedModel,
  wanted: Wanted,
  aws: Aws,
  ctx: Context,
  onOpen: (source: { close(): Promise<void> }) => void,
): Promise<ObservedModel> {
  refuseOverlap(model);
  const placing = { strip: wanted.strip, prefixLength: Buffer.byteLength(model.prefix.key) };
  const [source, there] = await Promise.all([
    openModelSource(model.ref, placing, { ctx, aws }),
    lookAt(model.prefix, wanted.owner, aws, ctx),
  ]);
  onOpen(source);
  const { content } = source;
  if (content.kind === "files") {
    tellLeftOut(model.key, content.leftOut, ctx);
    const doubt = layoutDoubts(content.files.map((file) => file.path));
    if (doubt) tellDoubt(model.key, doubt, ctx);
  }
  const linted =
    source.parameters === undefined && content.kind === "files"
      ? await lintFiles(content.files, ctx.signal)
      : undefined;
  const records =
    wanted.replace && there.stored && there.stored.manifest.source.identity !== source.identity
      ? await recordsUsing(model.prefix, wanted.records, aws)
      : [];
  return {
    key: model.key,
    prefix: model.prefix,
    source,
    expectedSha256: model.expectedSha256,
    parameters: source.parameters ?? linted?.parameters,
    ...there,
    records,
  };
}

/** One listing, and the manifest where there is one. */
async function lookAt(prefix: Prefix, owner: string, aws: Aws, ctx: Context) {
  const objects = await listPrefix(prefix, aws, ctx.signal, owner);
  const has = objects.some((object) => object.path === manifestPath);
  return { objects, stored: has ? await readManifest(prefix, aws, ctx.signal, owner) : undefined };
}

/** A prefix that others fill is used as it is; one in our bucket must hold something, and its manifest is told where it has one. */
async function observeGiven(key: string, uri: string, wanted: Wanted, aws: Aws, ctx: Context): Promise<GivenPrefix> {
  const prefix = parsePrefix(uri);
  if (prefix?.bucket !== wanted.bucket) return { key, uri, manifest: undefined };
  const { objects, stored } = await lookAt(prefix, wanted.owner, aws, ctx);
  if (objects.length === 0) {
    throw new UserError("CHECKPOINT_PREFIX_EMPTY", {
      happened: `${key}: there is nothing below ${uri}. A model server would download nothing and never start.`,
      next: `Correct the prefix (models.${key}.prefix), or give models.${key}.checkpoint so that it is uploaded.`,
    });
  }
  return { key, uri, manifest: stored?.manifest };
}

function refuseOverlap({ key, ref, prefix }: WantedModel): void {
  if (ref.kind !== "s3" || ref.bucket !== prefix.bucket) return;
  const from = ref.key === "" || ref.key.endsWith("/") ? ref.key : `${ref.key}/`;
  if (!from.startsWith(prefix.key) && !prefix.key.startsWith(from)) return;
  throw new UserError("CHECKPOINT_PREFIXES_OVERLAP", {
    happened: `${key}: the source ${ref.label} and the prefix ${prefixUri(prefix)} lie one within the other.`,
    next: `If the files are there already, give them as models.${key}.prefix; else choose another prefix.`,
  });
}

function tellLeftOut(key: string, leftOut: readonly string[], ctx: Context): void {
  if (leftOut.length === 0) return;
  const more = leftOut.length > 3 ? ` and ${leftOut.length - 3} more` : "";
  ctx.log.info(`${key}: not uploaded, bookkeeping of other tools: ${leftOut.slice(0, 3).join(", ")}${more}`);
}

function tellDoubt(key: string, doubt: string, ctx: Context): void {
  ctx.log.finding({
    code: "CHECKPOINT_NO_WEIGHTS",
    level: "warning",
    happened: `${key}: the checkpoint ${doubt}.`,
    next: "Check that this is the checkpoint's archive, and strip-components.",
  });
}
