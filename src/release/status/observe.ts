import type { Context } from "../../action/context.ts";
import type { Aws } from "../../aws/session.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { deployments } from "../../cluster/resources.ts";
import { diffText, driftOf, type ObjectChange } from "../../deploy/diff.ts";
import { contentOf, type ReleaseState, stateOf } from "../../deploy/history.ts";
import { readTwins } from "../../deploy/live.ts";
import { nameOf, parseManifest } from "../../deploy/manifest.ts";
import { contentDigest } from "../../deploy/plan.ts";
import { type Revision, readRevisions } from "../../deploy/release.ts";
import { valuesIn } from "../../deploy/values.ts";
import { workloadsOf } from "../../deploy/workloads.ts";
import { asEksDeployError } from "../../errors.ts";
import { releaseHolder } from "../../facts/release-lease.ts";
import { allRecords } from "../../record/all.ts";
import { type Named, readLatest } from "../../record/latest.ts";
import type { RecordStore } from "../../record/store.ts";
import { keptValues, valuesPath } from "../../record/values.ts";
import type { Place } from "../prove.ts";
import { type Restorable, restorableRecords } from "../restorable.ts";

/** A Deployment of the release and its pods. */
export interface LiveModel {
  readonly name: string;
  readonly model: string;
  readonly ready: number;
  readonly wanted: number;
  readonly images: readonly string[];
}

/** What is known of a release at one moment. */
export interface Status {
  readonly state: ReleaseState;
  /** The record that the live revision is of; absent: it was not proven, or by nobody whose record is here. */
  readonly record: Named | undefined;
  readonly latest: Named | undefined;
  readonly models: readonly LiveModel[];
  readonly drift: readonly ObjectChange[];
  /** The run that works on it now. */
  readonly holder: string | undefined;
  readonly earlier: readonly Restorable[];
  /** Records that cannot be read, by digest. */
  readonly unreadable: Readonly<Record<string, string>>;
  /** Why the records were not looked at; what runs is told all the same. */
  readonly notLooked: string | undefined;
}

/** Reads cluster and records; writes nothing. */
export async function observeStatus(
  place: Place,
  cluster: Cluster,
  store: RecordStore | undefined,
  aws: () => Promise<Aws>,
  ctx: Context,
): Promise<Status> {
  const revisions = await readRevisions(cluster, place);
  const state = stateOf(revisions);
  const live = liveOf(state);
  const objects = live ? parseManifest(live.manifest, place.namespace) : [];
  const [twins, found, holder, kept] = await Promise.all([
    readTwins(cluster, objects, ctx),
    cluster.list(deployments, { namespace: place.namespace }),
    releaseHolder(cluster, place, ctx.clock.now()).catch(() => undefined),
    store ? keptRecords(store, place).catch(unlooked) : nothingKept,
  ]);
  const drift = driftOf(objects, (object) => {
    const twin = twins.get(nameOf(object));
    return twin === "unknown" ? object : twin;
  });
  const keys = Object.keys((live?.values["models"] ?? {}) as Readonly<Record<string, unknown>>);
  const models = workloadsOf(objects, keys).map(({ name, model, replicas, images }): LiveModel => {
    const status = found.find((item) => item.metadata.name === name)?.status;
    return { name, model, ready: status?.readyReplicas ?? 0, wanted: replicas, images };
  });
  return {
    state,
    record: live && store ? await recordOfRevision(live, revisions, kept, store) : undefined,
    latest: kept.latest,
    models,
    drift,
    holder,
    earlier: store && kept.records.length > 0 ? await restorableRecords(kept.records, store, await aws(), ctx) : [],
    unreadable: kept.unreadable,
    notLooked: kept.notLooked,
  };
}

/** The revision that is live: the deployed one, also where a later attempt failed. */
export function liveOf(state: ReleaseState): Revision | undefined {
  if (state.kind === "deployed") return state.live;
  return state.kind === "pending" ? state.good : undefined;
}

interface Kept {
  readonly latest: Named | undefined;
  /** Of this release, the newest first. */
  readonly records: readonly Named[];
  readonly unreadable: Readonly<Record<string, string>>;
  readonly notLooked?: string;
}

const nothingKept: Kept = { latest: undefined, records: [], unreadable: {} };

/** A bucket that is out of reach must not hide what is live. */
function unlooked(thrown: unknown): Kept {
  const { code, happened } = asEksDeployError(thrown);
  if (code === "CANCELLED" || code === "INTERNAL") throw thrown;
  return { ...nothingKept, notLooked: happened };
}

async function keptRecords(store: RecordStore, { environment, release }: Place): Promise<Kept> {
  const { records, unreadable } = await allRecords(store);
  const own = records.filter(
    ({ record }) => record.environment === (environment ?? "default") && record.release === release,
  );
  const latest = await readLatest(store, environment, release).catch((thrown: unknown) => {
    // A damaged record must not hide what is live.
    if (asEksDeployError(thrown).code.startsWith("RECORD_")) return undefined;
    throw thrown;
  });
  return { latest, records: own, unreadable };
}

/** The record whose chart and values are those of the revision: the latest, else the newest that fits. */
async function recordOfRevision(
  live: Revision,
  revisions: readonly Revision[],
  { latest, records }: Kept,
  store: RecordStore,
): Promise<Named | undefined> {
  const content = contentOf(live, revisions);
  const candidates = latest ? [latest, ...records.filter(({ sha256 }) => sha256 !== latest.sha256)] : records;
  for (const named of candidates) {
    if (content === undefined) return undefined;
    const { chart, valuesSha256 } = named.record;
    const text = await keptValues(store, valuesSha256).catch(() => undefined);
    if (!text) continue;
    const { digest } = valuesIn(String(text), valuesPath(valuesSha256));
    if (contentDigest({ chart: { name: "", ...chart }, valuesDigest: digest }) === content) return named;
  }
  return undefined;
}

/** Drift for people. */
export function driftText({ drift }: Status): string {
  return diffText(drift);
}
