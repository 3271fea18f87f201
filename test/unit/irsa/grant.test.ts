import { describe, expect, it } from "vitest";
import { policyDocument } from "../../../src/irsa/documents.ts";
import { grantOf } from "../../../src/irsa/grant.ts";
import type { Reach } from "../../../src/irsa/identity.ts";

const place = { account: "210987654321", partition: "aws", region: "us-east-2", dnsSuffix: "amazonaws.com" };
const reach = (prefixes: Readonly<Record<string, string>>, partial = false): Reach => ({
  bucket: "acme",
  scope: "prefixes",
  prefixes,
  partial,
  key: "auto",
});
const folders = (prefixes: Readonly<Record<string, string>>) =>
  grantOf(reach(prefixes), place, undefined, undefined).folders;

describe("the folders that are granted", () => {
  it.each([
    ["s3://acme/checkpoints/point/2611", ["checkpoints/point/"]],
    ["s3://acme/checkpoints/point/2611/", ["checkpoints/point/"]],
    ["s3://acme/checkpoints/point", ["checkpoints/point/"]],
    ["s3://acme/point/2611", ["point/"]],
    ["s3://acme/somewhere/else", ["somewhere/else/"]],
    // No folder named after the model directly above the version: nothing is widened.
    ["s3://acme/point/a/2611", ["point/a/2611/"]],
    ["s3://acme/my-point/2611", ["my-point/2611/"]],
  ])("of %s are %j", (uri, expected) => {
    expect(folders({ point: uri })).toEqual(expected);
  });

  it("are the whole bucket where a model lies at its root", () => {
    expect(folders({ point: "s3://acme/" })).toBeUndefined();
  });

  it("keep what stands for models that are left out, whatever characters it has", () => {
    const standing = policyDocument({
      partition: "aws",
      bucket: "acme",
      folders: ["a*b/", "c${d}/"],
      keyArn: undefined,
    });
    const grant = grantOf(reach({ point: "s3://acme/point" }, true), place, undefined, standing as never);
    expect(grant.folders).toEqual(["a*b/", "c${d}/", "point/"]);
  });

  it("do not narrow a policy for the whole bucket while models are left out", () => {
    const standing = policyDocument({ partition: "aws", bucket: "acme", folders: undefined, keyArn: undefined });
    expect(
      grantOf(reach({ point: "s3://acme/point" }, true), place, undefined, standing as never).folders,
    ).toBeUndefined();
    expect(grantOf(reach({ point: "s3://acme/point" }), place, undefined, standing as never).folders).toEqual([
      "point/",
    ]);
  });
});
