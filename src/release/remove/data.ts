import type { Context } from "../../action/context.ts";
import { count, size } from "../../action/describe.ts";
import type { InputSources } from "../../action/load.ts";
import type { Aws } from "../../aws/session.ts";
import type { SyncInputs } from "../../checkpoints/inputs.ts";
import { isSeen, look } from "../../facts/looking.ts";
import { listPrefix, parsePrefix, prefixUri } from "../../facts/prefix.ts";
import { repositorySize } from "../../images/ecr/status.ts";
import { recordsOf } from "../../record/all.ts";
import type { Named } from "../../record/latest.ts";
import type { RecordStore } from "../../record/store.ts";
import type { Six } from "../command.ts";
import { inputsOf } from "../inputs.ts";
import type { Place } from "../prove.ts";
import { findReferences } from "../prune/observe.ts";
import { needs, type Reference, referencesOf } from "../prune/references.ts";
import { specEnvironments } from "../prune/spec-environments.ts";
import { listVersions, type Version } from "../prune/versions.ts";

/** What a release leaves behind that costs money. */
export interface OldData {
  /** Checkpoint versions that only this release needed; they go with `remove-data`. */
  readonly own: readonly Version[];
  /** What stays in any case, each as a phrase with its cost. */
  readonly kept: readonly string[];
  readonly owner: string;
}

/** Looks for the release's checkpoints, images and records. Who else needs a checkpoint is only asked when checkpoints shall go. */
export async function oldData(
  six: Six,
  place: Place,
  sources: InputSources,
  store: RecordStore | undefined,
  remove: boolean,
  aws: Aws,
  ctx: Context,
): Promise<OldData> {
  const records = store ? await recordsOf(store, place.environment, place.release) : [];
  const inputs = inputsOf(six.syncCheckpoints.contract, sources) as unknown as SyncInputs;
  const owner = inputs.bucketOwner ?? aws.account;
  const kept = [
    ...(await imagesOf(records, aws, ctx)),
    ...(store ? [`the records below ${store.place}, without which nothing can be rolled back or promoted`] : []),
  ];
  if (!inputs.bucket) return { own: [], kept, owner };
  const above = inputs.prefix.replace(/^\/+|\/+$/g, "");
  const root = { bucket: inputs.bucket, key: above === "" ? "" : `${above}/` };
  const mine = records.flatMap(referencesOf);
  const versions = (await listVersions(root, aws, owner, ctx)).filter(
    (version) => version.ours && mine.some((reference) => needs(reference, version.prefix)),
  );
  const others = await otherPrefixes(mine, versions, aws, ctx);
  if (!remove) return { own: [], kept: [...versions.map(cost), ...others, ...kept], owner };
  const environments = await specEnvironments(place.environment, sources, ctx);
  const without = `${place.environment ?? "default"}/${place.release}`;
  const search = { bucket: inputs.bucket, keepRecords: Number.MAX_SAFE_INTEGER, without };
  const users = await findReferences(environments, search, six, ctx);
  const shared = versions.filter((version) => users.some((reference) => needs(reference, version.prefix)));
  const own = versions.filter((version) => !shared.includes(version));
  return { own, kept: [...shared.map(cost), ...others, ...kept], owner };
}

function cost({ prefix, bytes }: Pick<Version, "prefix" | "bytes">): string {
  return `the checkpoint ${prefixUri(prefix)}: ${size(bytes)} in S3`;
}

/** Prefixes that the release used and that are no version of ours: others filled them, or they have no version in their name. They are never deleted. */
async function otherPrefixes(
  mine: readonly Reference[],
  versions: readonly Version[],
  aws: Aws,
  ctx: Context,
): Promise<readonly string[]> {
  const uris = new Set(
    mine.filter((reference) => !versions.some(({ prefix }) => needs(reference, prefix))).map(({ uri }) => uri),
  );
  const told = await Promise.all(
    [...uris].sort().map(async (uri) => {
      const prefix = parsePrefix(uri);
      if (!prefix) return [];
      const objects = await look(() => listPrefix(prefix, aws, ctx.signal, "any"));
      if (!isSeen(objects)) return [`the checkpoint ${uri}, which could not be looked at: ${objects.notSeen}`];
      const bytes = objects.reduce((sum, object) => sum + object.size, 0);
      return objects.length === 0 ? [] : [`${cost({ prefix, bytes })}; to delete it: aws s3 rm --recursive ${uri}/`];
    }),
  );
  return told.flat();
}

/** Images of other releases may lie in the same repositories, and their tags are immutable for a reason: they stay, with their cost. */
async function imagesOf(records: readonly Named[], aws: Aws, ctx: Context): Promise<readonly string[]> {
  const names = new Set(
    records.flatMap(({ record }) => Object.values(record.images).map(({ repository }) => repository)),
  );
  return Promise.all(
    [...names].sort().map(async (name) => {
      const there = await repositorySize(name, aws, ctx.signal);
      const much = there ? `: ${count(there.images, "image")}, ${size(there.bytes)}` : "";
      return `the images in the ECR repository ${name}${much}`;
    }),
  );
}
