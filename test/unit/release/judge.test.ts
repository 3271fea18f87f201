import { describe, expect, it } from "vitest";
import { type ReleaseRecord, recordDigest } from "../../../src/record/record.ts";
import type { SmokeEntry } from "../../../src/record/smoke.ts";
import { type Candidate, judge, soakOf } from "../../../src/release/promote/judge.ts";
import { example } from "../record/record.ts";

const hour = 3_600_000;
const proven = Date.parse(example.finishedAt);
const sha256 = recordDigest(example);
const named = { sha256, record: example, uri: "s3://acme/records/x.json" };

function result(hours: number, passed: boolean, record: string | null = sha256): SmokeEntry {
  const at = new Date(proven + hours * hour).toISOString();
  return { version: 1, environment: "dev", release: "inference", record, passed, at, run: "run", results: {} };
}

function candidate(over: Partial<Candidate> = {}): Candidate {
  return { from: "dev", named, latest: named, results: [], minSoak: 0, maxAge: undefined, now: proven + hour, ...over };
}

const codeOf = (over: Partial<Candidate>) => {
  try {
    judge(candidate(over));
    return "";
  } catch (thrown) {
    return (thrown as { code: string }).code;
  }
};

describe("judge", () => {
  it("takes a record that was just proven where no soak is asked for", () => {
    expect(codeOf({})).toBe("");
  });

  it("counts the time from the proof to the newest green test, not to now", () => {
    const results = [result(1, true), result(23, true)];
    expect(codeOf({ results, minSoak: 24 * hour, now: proven + 30 * hour })).toBe("RELEASE_PROMOTE_SOAK");
    expect(codeOf({ results: [...results, result(24, true)], minSoak: 24 * hour })).toBe("");
  });

  it("begins anew after a failure", () => {
    const results = [result(20, true), result(21, false), result(22, true), result(25, true)];
    expect(soakOf(candidate({ results }))).toEqual({ since: proven + 22 * hour, until: proven + 25 * hour });
    expect(codeOf({ results, minSoak: 24 * hour })).toBe("RELEASE_PROMOTE_SOAK");
  });

  it("refuses a record whose newest test failed, or in whose place a newer release failed", () => {
    expect(codeOf({ results: [result(1, true), result(2, false)] })).toBe("RELEASE_PROMOTE_FAILED");
    expect(codeOf({ results: [result(2, false, null)] })).toBe("RELEASE_PROMOTE_FAILED");
  });

  it("does not count tests of other records, whichever way they went", () => {
    const other = { ...named, sha256: "f".repeat(64) };
    const results = [result(1, false, other.sha256), result(2, true, other.sha256), result(3, false, null)];
    expect(soakOf(candidate({ results, latest: other }))).toEqual({ since: proven, until: proven });
  });

  it("refuses what is older than max-age, of another environment, or was never tested", () => {
    expect(codeOf({ maxAge: hour, now: proven + hour + 1 })).toBe("RELEASE_PROMOTE_OLD");
    expect(codeOf({ from: "staging" })).toBe("RELEASE_PROMOTE_OTHER");
    const with_ = (smoke: ReleaseRecord["smoke"]) => ({ named: { ...named, record: { ...example, smoke } } });
    expect(codeOf(with_({}))).toBe("RELEASE_NOT_PROVEN");
    expect(codeOf(with_({ point: { verdict: "fail" } }))).toBe("RELEASE_NOT_PROVEN");
  });
});
