import { time } from "../../action/describe.ts";
import { UserError } from "../../errors.ts";
import type { Named } from "../../record/latest.ts";
import type { SmokeEntry } from "../../record/smoke.ts";

/** What decides whether a record may be promoted. Durations are ms. */
export interface Candidate {
  readonly from: string;
  readonly named: Named;
  /** The record that is `latest` in `from`. */
  readonly latest: Named | undefined;
  /** Smoke tests in `from` since the record was proven, the oldest first. */
  readonly results: readonly SmokeEntry[];
  readonly minSoak: number;
  readonly maxAge: number | undefined;
  readonly now: number;
}

/** The stretch in which every smoke test passed; ms since the epoch. */
export interface Soak {
  readonly since: number;
  readonly until: number;
}

/** How long the record has been green, from its first passed test after the last failure to its newest; `undefined` where the newest result is a failure. Pure. */
export function soakOf({ named, latest, results }: Candidate): Soak | undefined {
  const proven = Date.parse(named.record.finishedAt);
  let soak: Soak | undefined = { since: proven, until: proven };
  for (const result of results) {
    const at = Date.parse(result.at);
    const own = result.record === named.sha256;
    // A release that was never recorded failed in the place of the latest record.
    const inItsPlace = result.record === null && latest?.sha256 === named.sha256;
    if (!result.passed && (own || inItsPlace)) soak = undefined;
    if (result.passed && own) soak = { since: soak?.since ?? at, until: at };
  }
  return soak;
}

/** Refuses what is not proven enough: of another environment, not passed, too old, failed since, or not green for long enough. Gives the stretch in which it was green. Pure. */
export function judge(candidate: Candidate): Soak {
  const { from, named, minSoak, maxAge, now } = candidate;
  const { record } = named;
  const short = named.sha256.slice(0, 12);
  if (record.environment !== from) {
    throw new UserError("RELEASE_PROMOTE_OTHER", {
      happened: `The record ${short} is of ${record.environment}, not of ${from}. Nothing was written.`,
      next: `Name a record of ${from} (command: status lists them), or set from: ${record.environment}.`,
    });
  }
  refuseUnproven(candidate, short);
  const age = now - Date.parse(record.finishedAt);
  if (maxAge !== undefined && age > maxAge) {
    throw new UserError("RELEASE_PROMOTE_OLD", {
      happened: `The record ${short} was proven ${time(age)} ago; max-age is ${time(maxAge)}. Nothing was written.`,
      next: `Release again in ${from}, so that it is proven anew, or raise max-age (promotion.maxAge).`,
    });
  }
  const soak = soakOf(candidate);
  if (!soak) {
    const failed = candidate.results.findLast((result) => !result.passed);
    throw new UserError("RELEASE_PROMOTE_FAILED", {
      happened: `The newest smoke test of ${record.release} in ${from} failed (${failed?.at}, ${failed?.run}). Nothing was written.`,
      next: `Mend ${from}, then run command: smoke there until it is green again.`,
    });
  }
  const green = soak.until - soak.since;
  if (green >= minSoak) return soak;
  const due = new Date(soak.since + minSoak).toISOString();
  throw new UserError("RELEASE_PROMOTE_SOAK", {
    happened: `The record ${short} has been seen green in ${from} for ${time(green)}; min-soak is ${time(minSoak)}. Nothing was written.`,
    next: `Run command: smoke in ${from} at ${due} or later, then promote; or lower min-soak (promotion.minSoak).`,
  });
}

function refuseUnproven({ from, named }: Candidate, short: string): void {
  const results = Object.entries((named.record.smoke ?? {}) as Readonly<Record<string, { readonly verdict?: string }>>);
  const failed = results.filter(([, result]) => result.verdict === "fail").map(([key]) => key);
  if (results.length > 0 && failed.length === 0) return;
  const what = results.length === 0 ? "holds no result of a smoke test" : `did not pass for ${failed.join(", ")}`;
  throw new UserError("RELEASE_NOT_PROVEN", {
    happened: `The record ${short} ${what}. Nothing was written.`,
    next: `Release in ${from} with a passing smoke test, then promote that record.`,
  });
}
