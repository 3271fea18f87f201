import { describe, expect, it } from "vitest";
import type { Chart } from "../../../src/bundle/chart.ts";
import { parseArchiveName } from "../../../src/bundle/names.ts";
import { comparePresets, type Goal, repositoryName, selectImages, tagOf } from "../../../src/images/goal.ts";

const name = parseArchiveName("containers/atlas__2611.0.tar");
const oci = (...references: string[]) => ({ references, archive: "atlas__2611.0.tar" });

describe("the tag", () => {
  it.each<[string, readonly string[], string]>([
    ["the archive's own", ["2611.0-cu128"], "2611.0-cu128"],
    ["of a full name", ["docker.io/poolside/atlas:2611.1"], "2611.1"],
    ["of a host with a port", ["localhost:5000/atlas:2611.2"], "2611.2"],
    ["of a name with tag and digest", [`docker.io/poolside/atlas:2611.3@sha256:${"a".repeat(64)}`], "2611.3"],
    ["the file's, where the archive names none", [], "2611.0"],
    ["the file's, where the archive names a digest", [`atlas@sha256:${"a".repeat(64)}`], "2611.0"],
    ["the file's, where the archive's name has no tag", ["docker.io/poolside/atlas"], "2611.0"],
    ["the one of several that the file confirms", ["latest", "2611.0"], "2611.0"],
  ])("is %s", (_, references, tag) => {
    expect(tagOf(oci(...references), name)).toBe(tag);
  });

  it("is no guess: several that the file does not confirm are refused, and so is one that no registry takes", () => {
    expect(() => tagOf(oci("latest", "2611"), name)).toThrow(/"latest" and "2611"/);
    expect(() => tagOf(oci("-x"), name)).toThrow(/"-x" \(the reference name in its index.json\).*\n.*skopeo copy/);
    expect(() => tagOf(oci("x\n# y"), name)).toThrow('gives the tag "x\\n# y" (the reference');
    const bad = parseArchiveName("atlas__1+b.tar");
    expect(() => tagOf(oci(), bad)).toThrow(/"1\+b", which no registry takes.\nName the archive/);
  });
});

describe("repositories", () => {
  it("have the prefix before their name, with one slash", () => {
    expect(["", "poolside", "/poolside/", "a/b"].map((prefix) => repositoryName(prefix, "atlas"))).toEqual([
      "atlas",
      "poolside/atlas",
      "poolside/atlas",
      "a/b/atlas",
    ]);
  });
});

describe("selected images", () => {
  it("must be in the bundle; the error lists what is", () => {
    expect(selectImages([name], ["atlas"])).toEqual([name]);
    expect(() => selectImages([name], ["atlas", "doc"])).toThrow(/no image doc; it holds atlas/);
  });
});

describe("the chart's presets", () => {
  const goal = (image: string, tag: string): Goal => ({ name: image, repository: image, tag, digest: "" });
  const chart = (values: unknown) => ({ values }) as Chart;
  const preset = chart({ image: { name: "atlas", tag: "1" }, docs: { image: { name: "public-docs", tag: 2611 } } });

  it("are all among the archives, with their tags", () => {
    expect(() => comparePresets([goal("atlas", "1"), goal("public-docs", "2611")], [], preset)).not.toThrow();
    expect(() => comparePresets([goal("atlas", "1")], [], preset)).toThrow(
      /docs.image public-docs:2611.*found: atlas:1/,
    );
    expect(() => comparePresets([goal("atlas", "2"), goal("public-docs", "2611")], [], preset)).toThrow(/atlas:2/);
  });

  it("of images that were not asked for are not looked at", () => {
    expect(() => comparePresets([goal("atlas", "1")], ["atlas"], preset)).not.toThrow();
  });

  it("without a tag take any", () => {
    expect(() => comparePresets([goal("atlas", "7")], [], chart({ image: { name: "atlas" } }))).not.toThrow();
  });
});
