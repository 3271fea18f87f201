import type { AnyAction } from "../action/action.ts";
import type { Context, Finding } from "../action/context.ts";
import { asEksDeployError, UserError } from "../errors.ts";
import { newestSmokes, type SmokeEntry } from "../record/smoke.ts";
import { type PastTest, sameState } from "../smoke/trend.ts";
import { type RecordInputs, storeOf } from "./publish.ts";

/** A day of a test every hour; older ones than a week are another story. */
const most = 24;
const longestAgo = 7 * 86_400_000;

/** The last smoke tests of a release, the oldest first; none where they cannot be read, which a test must not fail for. */
export async function pastTests(place: RecordInputs, ctx: Context): Promise<readonly PastTest[]> {
  try {
    const store = await storeOf(place, ctx);
    if (!store) return [];
    const since = new Date(ctx.clock.now() - longestAgo).toISOString();
    const entries = await newestSmokes(store, place.environment ?? "default", place.release, since, most);
    return entries.map(pastTest);
  } catch (thrown) {
    const { code, happened } = asEksDeployError(thrown);
    if (code === "CANCELLED") throw thrown;
    ctx.log.info(`Earlier results are not shown: ${happened.split("\n")[0]}`);
    return [];
  }
}

function pastTest({ at, results }: SmokeEntry): PastTest {
  return { at: Date.parse(at), results: (results ?? {}) as unknown as PastTest["results"] };
}

/**
 * smoke-test for a schedule, which is told what the last test found: while nothing changes, findings and failure are lines of the log, and nobody gets an annotation every
 * hour. Whoever starts a test by hand is told everything.
 */
export function tellingChanges(action: AnyAction, last: () => PastTest | undefined): AnyAction {
  return {
    ...action,
    async verify(plan, applied, clients, ctx) {
      if (ctx.ambient.run.event !== "schedule") return action.verify(plan, applied, clients, ctx);
      const findings: Finding[] = [];
      const log = { ...ctx.log, finding: (finding: Finding) => void findings.push(finding) };
      let known = false;
      try {
        const verdict = await action.verify(plan, applied, clients, { ...ctx, log });
        const [before, now] = [last(), (verdict.outputs as { readonly results?: PastTest["results"] }).results];
        known = before !== undefined && now !== undefined && sameState(before.results, now);
        if (!known || !verdict.failure) return verdict;
        const { code, happened, next, problems } = verdict.failure;
        return {
          ...verdict,
          failure: new UserError(code, { happened, next, problems, known, cause: verdict.failure }),
        };
      } finally {
        for (const finding of findings) {
          if (known) ctx.log.info(`As in the test before: ${finding.code}: ${finding.happened}`);
          else ctx.log.finding(finding);
        }
      }
    },
  };
}
