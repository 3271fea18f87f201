import { describe, expect, it } from "vitest";
import { type Change, unknown } from "../../../src/action/plan.ts";
import { transfersOf } from "../../../src/release/transfers.ts";

function change(kind: string, name: string): Change {
  return { verb: "upload", kind, name, reason: "not there yet" };
}

function link(name: string, changes: readonly Change[], outputs: Readonly<Record<string, unknown>> = {}) {
  return { name, inputs: {}, plan: { changes, endState: {}, outputs, work: undefined } };
}

const prefixes = {
  "laguna-m": "s3://acme-models/checkpoints/laguna-m/2611",
  "laguna-xs": "s3://acme-models/checkpoints/laguna-xs/2611",
  point: "s3://acme-models/checkpoints/point/",
};

describe("transfersOf", () => {
  it("names the models whose prefixes change, also where the prefix was written with a slash", () => {
    const changes = [
      change("checkpoint", "s3://acme-models/checkpoints/laguna-m/2611"),
      change("objects", "s3://acme-models/checkpoints/point"),
    ];
    expect(transfersOf([link("sync-checkpoints", changes, { prefixes })]).transferModels).toEqual([
      "laguna-m",
      "point",
    ]);
  });

  it("names nothing when everything is in place", () => {
    const chain = [link("push-images", []), link("sync-checkpoints", [], { prefixes })];
    expect(transfersOf(chain)).toEqual({ planComplete: true, transferImages: false, transferModels: [] });
  });

  it("says that images are sent when any change of push-images is planned", () => {
    expect(transfersOf([link("push-images", [change("image", "atlas")])]).transferImages).toBe(true);
  });

  it("calls a plan incomplete while a link waits for a source that was not read", () => {
    const waiting = { ...link("render-values", []), inputs: undefined };
    expect(transfersOf([link("push-images", [change("image", "atlas")]), waiting]).planComplete).toBe(false);
  });

  it("calls a plan complete where only a manifest is unknown: its source's identity stands for it", () => {
    const sync = link("sync-checkpoints", [change("checkpoint", prefixes.point)], {
      prefixes,
      manifests: unknown("known once its files are in the bucket", "etag:1"),
    });
    expect(transfersOf([sync]).planComplete).toBe(true);
  });

  it("has nothing to transfer in a chain of the smoke test alone", () => {
    expect(transfersOf([link("smoke-test", [])])).toEqual({
      planComplete: true,
      transferImages: false,
      transferModels: [],
    });
  });
});
