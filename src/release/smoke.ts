import type { Context } from "../action/context.ts";
import { asEksDeployError } from "../errors.ts";
import { readLatest } from "../record/latest.ts";
import { keepSmoke } from "../record/smoke.ts";
import { type PastTest, trendPicture } from "../smoke/trend.ts";
import { chained } from "./chained.ts";
import type { AnyCommand, Ended, Six } from "./command.ts";
import { inputsOf, placeContract } from "./inputs.ts";
import { dryRunOf, smokeLink } from "./links.ts";
import { type RecordInputs, smokeEntry, storeOf } from "./publish.ts";
import { smokeWords } from "./report.ts";
import { pastTests, tellingChanges } from "./smoke-history.ts";

/** `smoke`: asks the live models, and keeps the result, so that a promotion knows how long the release has been green. */
export function smokeCommand(six: Six): AnyCommand {
  return chained(async (inputs, sources) => {
    const place = inputsOf(placeContract("plan"), sources);
    const link = smokeLink(six, dryRunOf(inputs));
    let past: readonly PastTest[] = [];
    return {
      sources,
      links: [{ ...link, action: tellingChanges(link.action, () => past.at(-1)) }],
      words: smokeWords,
      async observe(_chain, ctx) {
        if (!inputs.dryRun) past = await pastTests(place, ctx);
        return [];
      },
      async conclude(ended, _chain, ctx) {
        await keepResult(ended, place, ctx);
        return undefined;
      },
      async blocks({ outputs }, _chain, ctx) {
        const { results } = (outputs ?? {}) as { readonly results?: PastTest["results"] };
        return results ? trendPicture([...past, { at: ctx.clock.now(), results }]) : [];
      },
    };
  });
}

/** The result is about what is live, so about the latest record. A test must not fail because its result cannot be kept: that is told. */
async function keepResult(ended: Ended, place: RecordInputs, ctx: Context): Promise<void> {
  const { passed, results } = (ended.outputs ?? {}) as { readonly passed?: boolean; readonly results?: unknown };
  if (ended.dryRun || passed === undefined) return;
  try {
    const store = await storeOf(place, ctx);
    if (!store) return;
    const latest = await readLatest(store, place.environment, place.release);
    const path = await keepSmoke(store, smokeEntry(place, latest?.sha256 ?? null, passed, results, ctx));
    ctx.log.info(`The result is kept at ${store.place}${path}`);
  } catch (thrown) {
    const { code, happened } = asEksDeployError(thrown);
    if (code === "CANCELLED") return;
    ctx.log.finding({
      code: "RELEASE_SMOKE_NOT_KEPT",
      level: "warning",
      happened: `The smoke test's result is not kept in ${place.records}: ${happened.split("\n")[0]}`,
      next: "Grant s3:PutObject below smoke/ of the records place to the role of this step; a promotion's min-soak needs these results.",
    });
  }
}
