import type { Context } from "../../action/context.ts";
import type { Change } from "../../action/plan.ts";
import { connectAws } from "../../aws/session.ts";
import type { Json } from "../../canonical.ts";
import { UserError } from "../../errors.ts";
import { releaseRecord } from "../../facts/release-record.ts";
import { recordsOf } from "../../record/all.ts";
import { type Named, readLatest, writeRecord } from "../../record/latest.ts";
import { keepSmoke } from "../../record/smoke.ts";
import type { RecordStore } from "../../record/store.ts";
import { chained } from "../chained.ts";
import type { AnyCommand, Ended, Six } from "../command.ts";
import { differencesBlock } from "../differences.ts";
import { inputsOf, placeContract } from "../inputs.ts";
import { releaseLinks } from "../links.ts";
import { pinRecord } from "../pin.ts";
import type { Place } from "../prove.ts";
import { type Published, showRecord, smokeEntry, storeOf } from "../publish.ts";
import { restorableBlock, restorableRecords } from "../restorable.ts";
import { recordedValues } from "./values.ts";

/** `rollback`: back to the last proven record, or to the named one: old bytes, chart and values by digest, proven anew. `latest` then names that record. */
export function rollbackCommand(six: Six): AnyCommand {
  return chained(async (inputs, sources, ctx) => {
    const place = inputsOf(placeContract("deploy"), sources);
    const store = (await storeOf(place, ctx)) ?? noRecords();
    const target = await releaseRecord(place.fromRecord ?? "latest", place.release, place, ctx);
    const latest = await readLatest(store, place.environment, place.release);
    const links = releaseLinks(six, inputs, { "from-record": await pinRecord(target, ctx) });
    const aws = await connectAws(targetOf(place), ctx);
    refuseElsewhere(target, place, aws.account);
    const earlier = await restorableRecords(await recordsOf(store, place.environment, place.release), store, aws, ctx);
    const short = target.sha256.slice(0, 12);
    return {
      sources,
      links: links.map((link) =>
        link.action === six.renderValues ? { ...link, action: recordedValues(target, store) } : link,
      ),
      words: {
        noun: "Rollback",
        planned: (name, changes) =>
          changes === 0 ? `${name} is what ${short} proved.` : `${name} would go back to what ${short} proved.`,
        unchanged: (name, models) => `${name} is what ${short} proved already, and its ${models}.`,
        done: (name, _models, revision) =>
          `Rolled ${name} back to what ${short} proved, as revision ${revision}: proven again.`,
      },
      endState: { record: target.sha256 },
      outputs: { result: { record: target.sha256, finishedAt: target.record.finishedAt, earlier } as unknown as Json },
      observe: async () => pointerChange(latest, target, place),
      conclude: (ended, _chain, context) => conclude(ended, target, latest, store, place, context),
      blocks: async () => [
        ...differencesBlock(`From the latest record to ${short}`, latest?.record, target.record),
        ...restorableBlock(earlier),
      ],
    };
  });
}

function targetOf(place: Place) {
  return { region: place.awsRegion, accountId: place.awsAccountId, role: place.roleToAssume };
}

function pointerChange(latest: Named | undefined, target: Named, place: Place): readonly Change[] {
  if (latest?.sha256 === target.sha256) return [];
  const name = `${place.environment ?? "default"}/${place.release}`;
  const from = latest ? { from: latest.sha256 } : {};
  return [{ verb: "update", kind: "record", name, ...from, to: target.sha256, reason: "latest names what is live" }];
}

/** Moves `latest`, unless another run moved it meanwhile, and keeps the proof's result. */
async function conclude(
  ended: Ended,
  target: Named,
  latest: Named | undefined,
  store: RecordStore,
  place: Place,
  ctx: Context,
): Promise<Published | undefined> {
  if (ended.dryRun || ended.outcome !== "done" || !ended.plan) return undefined;
  if (ended.plan.changes.length === 0) return showRecord(target, ctx);
  const now = await readLatest(store, place.environment, place.release);
  if (now?.sha256 !== latest?.sha256) {
    throw new UserError("RECORD_RACE", {
      happened: `Another run moved the latest record of ${place.release} to ${now?.sha256.slice(0, 12)} during this rollback.`,
      next: "Look at that run, then run status to see what is live.",
    });
  }
  const named = await writeRecord(store, target.record);
  const { results } = (ended.outputs ?? {}) as { readonly results?: unknown };
  await keepSmoke(store, smokeEntry(place, target.sha256, true, results, ctx));
  return showRecord(named, ctx);
}

/** A record of another environment or cluster is promoted, not rolled back to. */
function refuseElsewhere({ sha256, record }: Named, place: Place, account: string): void {
  const differing = [
    record.environment === (place.environment ?? "default") ? "" : `environment ${record.environment}`,
    record.release === place.release ? "" : `release ${record.release}`,
    record.namespace === place.namespace ? "" : `namespace ${record.namespace}`,
    record.account === account ? "" : `account ${record.account}`,
    place.cluster && record.cluster !== place.cluster ? `cluster ${record.cluster}` : "",
  ].filter((part) => part !== "");
  if (differing.length === 0) return;
  throw new UserError("RELEASE_RECORD_ELSEWHERE", {
    happened: `The record ${sha256.slice(0, 12)} is of ${differing.join(", ")}: it was not proven here. Nothing was written.`,
    next: "Name a record of this release (status lists them), or bring that one here with command: promote.",
  });
}

function noRecords(): never {
  throw new UserError("RELEASE_NO_RECORDS", {
    happened: "No place of records is known, so nothing proven can be found.",
    next: "Give records (s3://<bucket>/<prefix>/), or checkpoints.bucket in the spec.",
  });
}
