import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { AnyAction } from "../../action/action.ts";
import type { Context } from "../../action/context.ts";
import { time } from "../../action/describe.ts";
import type { InputSources } from "../../action/load.ts";
import type { Block } from "../../action/summary.ts";
import { type Aws, connectAws } from "../../aws/session.ts";
import { chartPath, keepChart } from "../../bundle/chart-cache.ts";
import { type Json, sha256 } from "../../canonical.ts";
import { UserError } from "../../errors.ts";
import { findRecord } from "../../record/find.ts";
import { type Named, readLatest } from "../../record/latest.ts";
import { smokeSince } from "../../record/smoke.ts";
import { openStore, type RecordStore } from "../../record/store.ts";
import { keptValues } from "../../record/values.ts";
import { outputsOf } from "../chain.ts";
import { chained } from "../chained.ts";
import type { AnyCommand, RootInputs, Six } from "../command.ts";
import { differencesBlock, tableOf } from "../differences.ts";
import { inputsOf, placeContract, promotionContract } from "../inputs.ts";
import { releaseLinks } from "../links.ts";
import { pinRecord } from "../pin.ts";
import { publishChain } from "../prove.ts";
import { recordChange, storeOf } from "../publish.ts";
import { judge } from "./judge.ts";
import { sameBytes, sameBytesBlock } from "./same-bytes.ts";
import { type Copying, copyingOf, type Origin, openOrigin, targetSources } from "./sides.ts";
import { valuesDifferences } from "./values-difference.ts";

/** `promote`: what one environment proved, into another: the same bytes, values rendered anew, proven anew. */
export function promoteCommand(six: Six): AnyCommand {
  return chained(async (inputs, given, ctx) => {
    const to = targetOf(given);
    const sources = await targetSources(to, given, ctx);
    const wish = inputsOf(promotionContract, sources);
    const place = inputsOf(placeContract("deploy"), sources);
    const from = originOf(wish.from, to);
    const target = await writerOf(sources, inputs, ctx);
    const origin = await openOrigin(from, target, inputs, sources, ctx);
    const named = await recordIn(origin, place.fromRecord ?? "latest", target, ctx);
    const soak = await judged(named, origin, wish, ctx);
    await fetchChart(named, origin.store, ctx);
    const copying = await copyingOf(wish.copy, named.record, origin, target, ctx);
    const store = await storeOf(place, ctx);
    const latest = store && (await readLatest(store, place.environment, place.release));
    const short = named.sha256.slice(0, 12);
    const green = `green in ${from} for ${time(soak.until - soak.since)}`;
    ctx.log.info(`Promoting ${short} (${green}) to ${to}; copy: ${copying.mode}`);
    const links = releaseLinks(six, inputs, { "from-record": await pinRecord(named, ctx) });
    return {
      sources,
      links: links.map((link) => ({ ...link, action: reading(link.action, six, copying) })),
      words: {
        noun: "Promotion",
        planned: (name, changes) =>
          changes === 0
            ? `${name} is what ${short} of ${from} proved.`
            : `${name} would get what ${short} of ${from} proved.`,
        unchanged: (name, models) => `${name} is what ${short} of ${from} proved already, and its ${models}.`,
        done: (name, models, revision) =>
          `Promoted ${models} from ${from} to ${name}, revision ${revision}: the same bytes, proven.`,
      },
      endState: { record: named.sha256, from },
      observe: async (chain, context) => {
        sameBytes(named.record, outputsOf(chain));
        return recordChange(outputsOf(chain), place, context);
      },
      async conclude(ended, chain, context) {
        if (ended.outcome === "done" && !ended.dryRun) sameBytes(named.record, outputsOf(chain));
        return publishChain(ended, chain, place, sources, { environment: from, record: named.sha256 }, context);
      },
      async blocks(ended, chain, context) {
        const outputs = outputsOf(chain);
        if (!ended.plan) return [];
        return [
          { kind: "text", text: `Record \`${named.sha256}\` of ${from}: ${green}, proven by ${named.record.run.url}` },
          sameBytesBlock(sameBytes(named.record, outputs), from, to, ended.outcome === "done" && !ended.dryRun),
          ...(await valuesBlock(named, origin, String(outputs["valuesFile"] ?? ""), context)),
          ...(latest ? differencesBlock(`From what ${to} has proven to ${short}`, latest.record, named.record) : []),
        ];
      },
      outputs: { result: { from, to, record: named.sha256, copy: copying.mode, soak: soak as unknown as Json } },
    };
  });
}

function targetOf(sources: InputSources): string {
  const [to, environment] = [sources.input("to"), sources.input("environment")];
  if (to && environment && to !== environment) {
    throw new UserError("RELEASE_PROMOTE_INPUT", {
      happened: `to is ${to}, and environment is ${environment}: a promotion works in the environment that gets the release.`,
      next: "Leave environment out, or give both the same value.",
    });
  }
  const target = to || environment;
  if (target) return target;
  throw new UserError("RELEASE_PROMOTE_INPUT", {
    happened: "It is not known which environment gets the release.",
    next: "Give to, for example to: production.",
  });
}

function originOf(from: string | undefined, to: string): string {
  if (from && from !== to) return from;
  throw new UserError("RELEASE_PROMOTE_INPUT", {
    happened: from ? `from and to are both ${to}.` : "It is not known which environment has proven the release.",
    next: `Give from, or set promotion.from for ${to} in the spec.`,
  });
}

/** The principal that copies into the target. */
function writerOf(sources: InputSources, inputs: RootInputs, ctx: Context): Promise<Aws> {
  const { awsRegion, awsAccountId, roleToAssume } = inputsOf(
    placeContract(inputs.dryRun ? "plan" : "transfer"),
    sources,
  );
  return connectAws({ region: awsRegion, accountId: awsAccountId, role: roleToAssume }, ctx);
}

function recordIn({ place, store, reader }: Origin, reference: string, target: Aws, ctx: Context): Promise<Named> {
  return findRecord(reference, {
    environment: place.environment,
    release: place.release,
    workspace: ctx.ambient.workspace,
    open: async (other) => {
      const aws = reader ?? target;
      return other ? openStore(other, aws, place.awsAccountId ?? aws.account) : store;
    },
  });
}

async function judged(
  named: Named,
  { environment, place, store }: Origin,
  { minSoak, maxAge }: { readonly minSoak: number; readonly maxAge: number | undefined },
  ctx: Context,
) {
  const [latest, results] = await Promise.all([
    readLatest(store, place.environment, place.release),
    smokeSince(store, environment, place.release, named.record.finishedAt),
  ]);
  return judge({ from: environment, named, latest, results, minSoak, maxAge, now: ctx.clock.now() });
}

/** Brings the proven chart onto this runner, where every step finds it under its digest: the target's principal may not be let into the other records. */
async function fetchChart({ record }: Named, store: RecordStore, ctx: Context): Promise<void> {
  const digest = record.chart.sha256;
  const found = await store.get(chartPath(digest));
  if (found && sha256(found.body) === digest) {
    await keepChart({ archive: { sha256: digest, bytes: found.body } }, ctx);
    return;
  }
  throw new UserError("RELEASE_CHART_GONE", {
    happened: `The chart ${record.chart.version} that was proven is not kept any more, or is another one (${store.place}${chartPath(digest)}).`,
    next: "Release again, so that the chart of that release is kept, then promote its record.",
  });
}

/** Images and checkpoints are read by whoever may read there. */
function reading(action: AnyAction, six: Six, { images, checkpoints }: Copying): AnyAction {
  const readAs = action === six.pushImages ? images : action === six.syncCheckpoints ? checkpoints : undefined;
  if (!readAs) return action;
  return {
    ...action,
    connect: async (...args) => ({ ...(await action.connect(...args)), readAs }),
  };
}

/** What the target's overlay makes of the values. */
async function valuesBlock(
  { record }: Named,
  { environment, store }: Origin,
  path: string,
  ctx: Context,
): Promise<readonly Block[]> {
  const before = await keptValues(store, record.valuesSha256);
  const after = await readFile(resolve(ctx.ambient.workspace, path), "utf8").catch(() => undefined);
  if (!before || after === undefined) return [];
  return tableOf(`Values, compared with ${environment}`, valuesDifferences(String(before), after));
}
