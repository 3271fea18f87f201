import { describe, expect, it } from "vitest";
import { recordDifferences } from "../../../src/record/difference.ts";
import type { ReleaseRecord } from "../../../src/record/record.ts";
import { sameBytes } from "../../../src/release/promote/same-bytes.ts";
import { valuesDifferences } from "../../../src/release/promote/values-difference.ts";
import { isRecorded, withUntouched } from "../../../src/release/recorded.ts";
import { example } from "../record/record.ts";

/** Outputs of the six that the example would be the record of. */
function outputsOf(record: ReleaseRecord): Record<string, unknown> {
  return {
    images: record.images,
    prefixes: Object.fromEntries(Object.entries(record.checkpoints).map(([key, { prefix }]) => [key, prefix])),
    manifests: Object.fromEntries(
      Object.entries(record.checkpoints).map(([key, { manifest, ...rest }]) => [key, { digest: manifest, ...rest }]),
    ),
    chart: record.chart.place,
    chartSha256: record.chart.sha256,
    valuesSha256: record.valuesSha256,
  };
}

const other = "9".repeat(64);

describe("isRecorded", () => {
  it("holds for the outputs that a record was made of, also where `only` left models out", () => {
    const outputs = outputsOf(example);
    expect(isRecorded(example, outputs)).toBe(true);
    expect(isRecorded(example, { ...outputs, prefixes: {}, manifests: {} })).toBe(true);
  });

  it.each([
    ["an image", { images: { atlas: { ...example.images["atlas"], digest: `sha256:${other}` } } }],
    ["a prefix", { prefixes: { point: "s3://acme-models-dev/checkpoints/point-2" } }],
    ["a manifest", { manifests: { "laguna-m": { digest: other } } }],
    ["the chart", { chartSha256: other }],
    ["the values", { valuesSha256: other }],
    ["a new image", { images: { docs: { repository: "docs", tag: "1", digest: `sha256:${other}` } } }],
  ])("does not hold when %s differs", (_what, over) => {
    expect(isRecorded(example, { ...outputsOf(example), ...over })).toBe(false);
  });
});

describe("withUntouched", () => {
  it("takes the checkpoints of models that were left out from the record before, else from their values", () => {
    const models = [
      { key: "laguna-m", prefix: example.checkpoints["laguna-m"]!.prefix.replace(/\/$/, "") },
      { key: "new", prefix: "s3://acme-models-dev/checkpoints/new/1" },
    ];
    const record = withUntouched({ ...example, checkpoints: {}, models }, { sha256: "", uri: "", record: example });
    expect(record.checkpoints).toEqual({
      "laguna-m": example.checkpoints["laguna-m"],
      new: { prefix: "s3://acme-models-dev/checkpoints/new/1" },
    });
  });
});

describe("sameBytes", () => {
  it("pairs images, checkpoints and chart by their digests", () => {
    expect(sameBytes(example, outputsOf(example)).map(({ what }) => what)).toEqual([
      "image atlas",
      "checkpoint laguna-m",
      "chart",
    ]);
  });

  it.each([
    ["another image", { images: { atlas: { ...example.images["atlas"], digest: `sha256:${other}` } } }],
    ["an image that was not proven", { images: { docs: { repository: "docs", tag: "1", digest: `sha256:${other}` } } }],
    ["another checkpoint", { manifests: { "laguna-m": { digest: other } } }],
    ["another chart", { chartSha256: other }],
  ])("refuses %s", (_what, over) => {
    expect(() => sameBytes(example, { ...outputsOf(example), ...over })).toThrow(
      expect.objectContaining({ code: "RELEASE_PROMOTE_BYTES" }),
    );
  });
});

describe("differences", () => {
  it("between two records are told by what a reader asks for; who and when is none", () => {
    const later: ReleaseRecord = {
      ...example,
      images: { atlas: { repository: "atlas", tag: "2612.0", digest: `sha256:${other}` } },
      models: [{ key: "point", host: "point.example.com" }],
      finishedAt: "2026-11-25T00:00:00.000Z",
      run: { ...example.run, actor: "somebody" },
      revision: 9,
    };
    expect(recordDifferences(example, later)).toEqual([
      {
        what: "image atlas",
        from: `2611.0 ${example.images["atlas"]!.digest}`,
        to: `2612.0 sha256:${other}`,
      },
      { what: "model point host", from: "point.dev.example.com", to: "point.example.com" },
    ]);
    expect(recordDifferences(example, example)).toEqual([]);
  });

  it("between two values files are told by path", () => {
    const before = "models:\n  point: { gpus: 1, ingressHost: a }\ntolerations: [{ key: x }]\n";
    const after = "models:\n  point: { gpus: 2, ingressHost: a }\ntolerations: []\n";
    expect(valuesDifferences(before, after)).toEqual([
      { what: "models.point.gpus", from: "1", to: "2" },
      { what: "tolerations", from: undefined, to: "[]" },
      { what: "tolerations[0].key", from: "x", to: undefined },
    ]);
  });
});
