import { describe, expect, it } from "vitest";
import { parseArchiveName, refuseTwins } from "../../../src/bundle/names.ts";
import { roleOf } from "../../../src/bundle/roles.ts";

describe("an archive's file name", () => {
  it.each([
    ["atlas__2611.0-cu128.tar", "atlas", "2611.0-cu128"],
    ["containers/public-docs__2611.tar", "public-docs", "2611"],
    ["aa__b__c.tar", "aa", "b__c"],
    ["atlas__.tar", "atlas", ""],
  ])("%s is of the image %s", (file, image, suffix) => {
    expect(parseArchiveName(file)).toMatchObject({ image, suffix });
  });

  it.each(["atlas.tar", "__1.tar", "Atlas__1.tar", "a..b__1.tar", "-a__1.tar", "a b__1.tar", "$(id)__1.tar"])(
    "%s is refused, with what was found",
    (file) => {
      expect(() => parseArchiveName(file, [file, "other__1.tar"])).toThrow(/other__1\.tar/);
    },
  );

  it("must be the only one of its image", () => {
    const names = ["atlas__1.tar", "docs__1.tar", "atlas__2.tar"].map((file) => parseArchiveName(file));
    expect(() => refuseTwins(names)).toThrow(/atlas__1.tar and atlas__2.tar/);
    const apart = ["containers/a/atlas__1.tar", "containers/b/atlas__1.tar"].map((path) => parseArchiveName(path));
    expect(() => refuseTwins(apart)).toThrow("containers/a/atlas__1.tar and containers/b/atlas__1.tar");
  });
});

describe("the role of a path in a bundle", () => {
  it.each([
    ["containers/atlas__1.tar", { kind: "archive", root: "" }],
    ["poolside-2611/containers/gpu/atlas__1.tar", { kind: "archive", root: "poolside-2611/" }],
    ["atlas__1.tar", { kind: "archive" }],
    ["images/atlas__1.tar", { kind: "archive" }],
    ["containers/atlas__1.tar.gz", { kind: "compressed-archive" }],
    ["containers/README", { kind: "part" }],
    ["charts/inference/Chart.yaml", { kind: "chart", path: "inference/Chart.yaml", root: "" }],
    ["x/charts/inference/charts/sub/Chart.yaml", { kind: "chart", path: "inference/charts/sub/Chart.yaml" }],
    ["charts/charts/Chart.yaml", { kind: "chart", path: "charts/Chart.yaml", root: "" }],
    ["scripts/upload_images.sh", { kind: "part" }],
    ["a/b/c/atlas__1.tar", { kind: "part" }],
    ["oci-layout", { kind: "layout" }],
    ["blobs/sha256/abc", { kind: "layout" }],
    [`${"0d".repeat(32)}/layer.tar`, { kind: "layout" }],
    [`${"0d".repeat(32)}.json`, { kind: "layout" }],
    [`sha256:${"0d".repeat(32)}`, { kind: "layout" }],
    [`${"0d".repeat(32)}.tar.gz`, { kind: "layout" }],
    ["containers/._atlas__1.tar", { kind: "bookkeeping" }],
    ["__MACOSX/containers/atlas__1.tar", { kind: "bookkeeping" }],
  ])("%s", (path, role) => {
    expect(roleOf(path)).toMatchObject(role);
  });
});
