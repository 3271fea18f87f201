import type { Context } from "../../action/context.ts";
import { type Aws, connectAws } from "../../aws/session.ts";
import type { SyncInputs } from "../../checkpoints/inputs.ts";
import { modelPrefix } from "../../checkpoints/version.ts";
import { givenPrefixes, wantedFrom } from "../../checkpoints/wanted.ts";
import { connectCluster, namesCluster } from "../../cluster/connect.ts";
import type { Deployment } from "../../cluster/objects.ts";
import { deployments } from "../../cluster/resources.ts";
import { unlessForbidden } from "../../deploy/live.ts";
import { readRevisions } from "../../deploy/release.ts";
import { asEksDeployError, EksDeployError, UserError } from "../../errors.ts";
import { prefixUri } from "../../facts/prefix.ts";
import { placesIn } from "../../facts/prefix-use.ts";
import { allRecords } from "../../record/all.ts";
import type { Named } from "../../record/latest.ts";
import type { RecordStore } from "../../record/store.ts";
import type { Six } from "../command.ts";
import { inputsOf, placeContract } from "../inputs.ts";
import type { Place } from "../prove.ts";
import { storeOf } from "../publish.ts";
import { groupOf, keptRecords, type Reference, referencesOf } from "./references.ts";
import type { SpecEnvironment } from "./spec-environments.ts";

/** What is looked for. */
export interface Search {
  readonly bucket: string;
  readonly keepRecords: number;
  /** Environment and release whose own records and live state do not count: they are about to be removed. */
  readonly without?: string;
}

/**
 * Everything that needs a checkpoint of the bucket: kept records, live releases, and what the spec will release next, in every environment that works with this
 * bucket. What cannot be looked at is `RELEASE_PRUNE_BLIND`: nothing is deleted on a guess.
 */
export async function findReferences(
  environments: readonly SpecEnvironment[],
  search: Search,
  six: Six,
  ctx: Context,
): Promise<readonly Reference[]> {
  const references: Reference[] = [];
  const stores = new Set<string>();
  for (const environment of environments) {
    const place = inputsOf(placeContract("plan"), environment.sources);
    const wished = nextOf(environment, search.bucket, six, ctx);
    if (!wished.uses) continue;
    const label = environment.name ?? "default";
    const own = `${label}/${place.release}` === search.without;
    if (!own) references.push(...wished.references);
    try {
      const store = await storeOf(place, ctx);
      if (store && !stores.has(store.place)) references.push(...(await recordReferences(store, search)));
      if (store) stores.add(store.place);
      if (!own) references.push(...(await liveReferences(place, search.bucket, ctx)));
    } catch (thrown) {
      throw blind(label, thrown);
    }
  }
  return references;
}

/** What the spec names now: prefixes that are used as they are, and versions that were synced and may wait for their release. */
function nextOf(
  { name, sources }: SpecEnvironment,
  bucket: string,
  six: Six,
  ctx: Context,
): { readonly uses: boolean; readonly references: readonly Reference[] } {
  const { contract } = six.syncCheckpoints;
  const inputs = inputsOf(contract, sources) as unknown as SyncInputs;
  const by = `the spec of ${name ?? "default"}`;
  const given = givenPrefixes({ ...sources, report: () => undefined });
  const prefixes = Object.values(given).map((uri): Reference => ({ uri, by }));
  const uses = inputs.bucket === bucket || prefixes.some(({ uri }) => uri.startsWith(`s3://${bucket}/`));
  if (inputs.bucket !== bucket) return { uses, references: prefixes };
  const versions = Object.keys(inputs.checkpoints).map((key): Reference => {
    const version = versionNow(key, inputs, ctx);
    const place = { bucket, prefix: inputs.prefix, layout: version === undefined ? ("flat" as const) : inputs.layout };
    return { uri: prefixUri(modelPrefix(place, key, version ?? "")), by };
  });
  return { uses, references: [...prefixes, ...versions] };
}

/** A source in a variable that this job does not have tells no version: then every version of the model stays. */
function versionNow(key: string, inputs: SyncInputs, ctx: Context): string | undefined {
  try {
    const only = { ...inputs, only: [key], versions: ownVersion(inputs.versions, key), expectedSha256: {} };
    return wantedFrom(only, {}, undefined, ctx).models[0]?.version;
  } catch (thrown) {
    if (thrown instanceof EksDeployError) return undefined;
    throw thrown;
  }
}

function ownVersion(map: Readonly<Record<string, string>>, key: string): Readonly<Record<string, string>> {
  return map[key] === undefined ? {} : { [key]: map[key] };
}

async function recordReferences(store: RecordStore, search: Search): Promise<readonly Reference[]> {
  const { records, unreadable } = await allRecords(store);
  const [digest] = Object.keys(unreadable);
  if (digest) throw new Error(`the record ${store.place}records/${digest}.json cannot be read: ${unreadable[digest]}`);
  const counted = records.filter(({ record }) => groupOf(record) !== search.without);
  return keptRecords(counted, await pointersOf(store), search.keepRecords).flatMap((named: Named) =>
    referencesOf(named),
  );
}

/** Digest that each `latest/<environment>/<release>` names. */
async function pointersOf(store: RecordStore): Promise<ReadonlyMap<string, string>> {
  const paths = await store.list("latest/");
  const entries = await Promise.all(
    paths.map(
      async (path) => [path.slice("latest/".length), String((await store.get(path))?.body ?? "").trim()] as const,
    ),
  );
  return new Map(entries);
}

/** What runs in the environment's cluster: whatever any workload there names, whoever deployed it, and the values of the release's revisions. */
async function liveReferences(place: Place, bucket: string, ctx: Context): Promise<readonly Reference[]> {
  if (!namesCluster(place)) throw new Error("no cluster is named, so the live release cannot be looked at");
  const aws = (): Promise<Aws> =>
    connectAws({ region: place.awsRegion, accountId: place.awsAccountId, role: place.roleToAssume }, ctx);
  const cluster = await connectCluster(place, { ctx, aws });
  try {
    const everywhere = await unlessForbidden(cluster.list(deployments));
    const found = everywhere ?? (await cluster.list(deployments, { namespace: place.namespace }));
    const revisions = await readRevisions(cluster, place);
    const running = revisions.filter(({ status }) => status === "deployed" || status.startsWith("pending"));
    return [
      ...found.flatMap((deployment) => referencesIn(deployment, bucket)),
      ...running.flatMap(({ number, values }) =>
        placesIn(JSON.stringify(values), bucket).map((uri) => ({ uri, by: `revision ${number} of ${place.release}` })),
      ),
    ];
  } finally {
    cluster.close();
  }
}

function referencesIn({ metadata, spec }: Deployment, bucket: string): readonly Reference[] {
  const by = `Deployment ${metadata.namespace}/${metadata.name}`;
  return placesIn(JSON.stringify(spec), bucket).map((uri) => ({ uri, by }));
}

function blind(environment: string, thrown: unknown): UserError {
  const known = thrown instanceof EksDeployError;
  const { code, happened, next } = asEksDeployError(thrown);
  if (known && code === "CANCELLED") throw thrown;
  const why = known ? happened : (thrown as Error).message;
  return new UserError("RELEASE_PRUNE_BLIND", {
    happened: `What ${environment} needs of the bucket is not known: ${why}. Nothing was deleted.`,
    next: known ? next : "Name the cluster in the spec, and mend or remove the record that is named, then run again.",
    cause: thrown,
  });
}
