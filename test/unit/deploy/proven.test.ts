import { describe, expect, it } from "vitest";
import { latestProven, provenAmong, provenBy } from "../../../src/deploy/proven.ts";
import type { Revision } from "../../../src/deploy/release.ts";
import { testContext } from "../../support/context.ts";

const record = { namespace: "models", cluster: "poolside", revision: 2, finishedAt: "2026-11-24T12:00:00.000Z" };
const at = Date.parse(record.finishedAt);
const here = { namespace: "models", cluster: "poolside", context: undefined };

function revision(number: number, madeAt: number): Revision {
  const chart = { name: "inference", version: "1" };
  return { number, madeAt, updatedAt: madeAt, status: "superseded", chart, description: "", manifest: "", values: {} };
}

describe("what a record proves", () => {
  it("is a revision of its own cluster and namespace, and none of another", () => {
    expect(provenBy(record, here)).toEqual({ revision: 2, at });
    expect(provenBy(record, { ...here, namespace: "other" })).toBeUndefined();
    expect(provenBy(record, { ...here, cluster: "other" })).toBeUndefined();
    expect(provenBy(record, { ...here, cluster: undefined })).toBeUndefined();
    expect(
      provenBy({ ...record, cluster: "laptop" }, { ...here, cluster: undefined, context: "laptop" }),
    ).toBeDefined();
  });

  it("is no revision of the same number that was made after it, as after an uninstall", () => {
    const proven = { revision: 2, at };
    expect(provenAmong([revision(1, at - 2), revision(2, at - 1)], proven)).toBe(2);
    expect(provenAmong([revision(1, at + 1), revision(2, at + 2), revision(3, at + 3)], proven)).toBeUndefined();
  });

  it("is nothing where helm keeps the revision no more, or there is no record", () => {
    expect(provenAmong([revision(3, at - 1)], { revision: 2, at })).toBeUndefined();
    expect(provenAmong([revision(2, at - 1)], undefined)).toBeUndefined();
  });

  it("is not asked for where no place of records is known, and not known where the records cannot be read", async () => {
    const ctx = testContext();
    expect(await latestProven({ ...here, records: undefined } as never, ctx)).toBeUndefined();
    expect(ctx.recorded.lines).toEqual([]);
    const unread = { ...here, records: "no place", release: "inference", awsRegion: "us-east-2" };
    expect(await latestProven(unread as never, ctx)).toBeUndefined();
    expect(ctx.recorded.lines.join("\n")).toMatch(/The last proven revision is not known \(.+\)/);
  });
});
