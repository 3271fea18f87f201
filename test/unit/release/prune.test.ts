import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placesIn } from "../../../src/facts/prefix-use.ts";
import { recordDigest } from "../../../src/record/record.ts";
import { planPrune } from "../../../src/release/prune/plan.ts";
import { keptRecords, needs, type Reference, referencesOf } from "../../../src/release/prune/references.ts";
import type { Version } from "../../../src/release/prune/versions.ts";
import { example } from "../record/record.ts";

const place = { bucket: "acme-models-dev", key: "checkpoints/" };

function version(name: string, ours = true): Version {
  const [key = ""] = name.split("/");
  return { key, prefix: { bucket: place.bucket, key: `${place.key}${name}/` }, objects: [], bytes: 10, ours };
}

function recordAt(day: number, environment = "dev") {
  const record = { ...example, environment, finishedAt: `2026-11-${String(day).padStart(2, "0")}T00:00:00.000Z` };
  return { record, sha256: recordDigest(record), uri: "" };
}

describe("keptRecords", () => {
  it("keeps the newest of each environment and release, and the latest however old it is", () => {
    const old = recordAt(1);
    const records = [old, ...[2, 3, 4].map((day) => recordAt(day)), recordAt(5, "prod")];
    const kept = keptRecords(records, new Map([["dev/inference", old.sha256]]), 2);
    expect(kept.map(({ record }) => record.finishedAt.slice(8, 10)).sort()).toEqual(["01", "03", "04", "05"]);
  });
});

describe("references", () => {
  it("are the checkpoints of a record and the prefixes of models that it left as they were", () => {
    const record = { ...example, models: [{ key: "left", prefix: "s3://acme-models-dev/checkpoints/left/1" }] };
    expect(referencesOf({ record, sha256: "a".repeat(64), uri: "" }).map(({ uri }) => uri)).toEqual([
      "s3://acme-models-dev/checkpoints/laguna-m/laguna_m_2611",
      "s3://acme-models-dev/checkpoints/point",
      "s3://acme-models-dev/checkpoints/left/1",
    ]);
  });

  it("are found wherever a workload names a place of the bucket, with or without a slash, in arguments and JSON", () => {
    const text = JSON.stringify({
      args: ["sync s3://acme-models-dev/checkpoints/point/2611/ /model"],
      other: "s3://b-2/x",
    });
    expect(placesIn(text, "acme-models-dev")).toEqual(["s3://acme-models-dev/checkpoints/point/2611"]);
  });

  it("need what they name, what lies below it and what holds it, but no sibling that begins alike", () => {
    const reference = (uri: string): Reference => ({ uri: `s3://acme-models-dev/checkpoints/${uri}`, by: "x" });
    const { prefix } = version("point/2611");
    for (const uri of ["point/2611", "point", "point/2611/part"]) expect(needs(reference(uri), prefix)).toBe(true);
    for (const uri of ["point/26", "point/2611b", "poin"]) expect(needs(reference(uri), prefix)).toBe(false);
  });
});

describe("planPrune", () => {
  it("never deletes what anything needs, nor what is not ours; deletes all else (property)", () => {
    const names = fc.uniqueArray(fc.constantFrom("a/1", "a/11", "a/2", "b/1", "b/2", "c/1"), { minLength: 1 });
    fc.assert(
      fc.property(names, names, names, (there, needed, foreign) => {
        const versions = there.map((name) => version(name, !foreign.includes(name)));
        const references = needed.map((name) => ({ uri: `s3://acme-models-dev/checkpoints/${name}`, by: "x" }));
        const { goes, stays } = planPrune(place, versions, references, 5);
        const gone = goes.map(({ prefix }) => prefix.key.slice(place.key.length, -1));
        expect(gone).toEqual(there.filter((name) => !needed.includes(name) && !foreign.includes(name)));
        expect(goes.length + stays.length).toBe(versions.length);
      }),
    );
  });

  it("has the same end state before and after", () => {
    const references = [{ uri: "s3://acme-models-dev/checkpoints/a/1", by: "x" }];
    const before = planPrune(place, [version("a/1"), version("a/2")], references, 5);
    const after = planPrune(place, [version("a/1")], references, 5);
    expect(before.changes).toHaveLength(1);
    expect(after).toMatchObject({ changes: [], endState: before.endState });
  });
});
