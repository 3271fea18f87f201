import type { Context } from "../../action/context.ts";
import { size } from "../../action/describe.ts";
import type { InputSources } from "../../action/load.ts";
import type { Aws } from "../../aws/session.ts";
import type { SyncInputs } from "../../checkpoints/inputs.ts";
import { prefixUri } from "../../facts/prefix.ts";
import { recordsOf } from "../../record/all.ts";
import type { Named } from "../../record/latest.ts";
import type { RecordStore } from "../../record/store.ts";
import type { Six } from "../command.ts";
import { inputsOf } from "../inputs.ts";
import type { Place } from "../prove.ts";
import { findReferences } from "../prune/observe.ts";
import { needs, referencesOf } from "../prune/references.ts";
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
  const kept = [...imagesOf(records), ...(store ? [`the records below ${store.place}`] : [])];
  if (!inputs.bucket) return { own: [], kept, owner };
  const above = inputs.prefix.replace(/^\/+|\/+$/g, "");
  const root = { bucket: inputs.bucket, key: above === "" ? "" : `${above}/` };
  const mine = records.flatMap(referencesOf);
  const versions = (await listVersions(root, aws, owner, ctx)).filter(
    (version) => version.ours && mine.some((reference) => needs(reference, version.prefix)),
  );
  if (!remove) return { own: [], kept: [...versions.map(cost), ...kept], owner };
  const environments = await specEnvironments(place.environment, sources, ctx);
  const without = `${place.environment ?? "default"}/${place.release}`;
  const search = { bucket: inputs.bucket, keepRecords: Number.MAX_SAFE_INTEGER, without };
  const others = await findReferences(environments, search, six, ctx);
  const shared = versions.filter((version) => others.some((reference) => needs(reference, version.prefix)));
  const own = versions.filter((version) => !shared.includes(version));
  return { own, kept: [...shared.map(cost), ...kept], owner };
}

function cost({ prefix, bytes }: Version): string {
  return `the checkpoint ${prefixUri(prefix)}: ${size(bytes)} in S3`;
}

function imagesOf(records: readonly Named[]): readonly string[] {
  const repositories = new Set(
    records.flatMap(({ record }) => Object.values(record.images).map(({ repository }) => repository)),
  );
  return [...repositories].sort().map((name) => `the images in the ECR repository ${name}`);
}
