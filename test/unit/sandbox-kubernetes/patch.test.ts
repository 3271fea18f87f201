import { describe, expect, it } from "vitest";
import { kindOf } from "../../../sandbox/kubernetes/kinds.ts";
import type { JsonMap } from "../../../sandbox/kubernetes/objects.ts";
import { jsonPatch } from "../../../sandbox/kubernetes/patch/json.ts";
import { mergePatch } from "../../../sandbox/kubernetes/patch/merge.ts";
import { strategicPatch } from "../../../sandbox/kubernetes/patch/strategic.ts";
import { shapeOf } from "../../../sandbox/kubernetes/schema.ts";

describe("a merge patch", () => {
  it("merges maps, removes by null and replaces lists", () => {
    expect(mergePatch({ a: { b: 1, c: 2 }, l: [1, 2] }, { a: { b: null, d: 3 }, l: [3] })).toEqual({
      a: { c: 2, d: 3 },
      l: [3],
    });
  });
});

describe("a JSON patch", () => {
  it("adds, replaces, moves and removes, with escaped names", () => {
    const patch: JsonMap[] = [
      { op: "test", path: "/metadata/labels/a~1b", value: "x" },
      { op: "replace", path: "/metadata/labels/a~1b", value: "y" },
      { op: "add", path: "/list/-", value: 3 },
      { op: "add", path: "/list/0", value: 0 },
      { op: "move", from: "/old", path: "/new" },
      { op: "remove", path: "/gone" },
    ];
    expect(jsonPatch({ metadata: { labels: { "a/b": "x" } }, list: [1], old: 5, gone: 1 }, patch)).toEqual({
      metadata: { labels: { "a/b": "y" } },
      list: [0, 1, 3],
      new: 5,
    });
  });

  it("refuses a failed test and a path that is not there with 422", () => {
    expect(() => jsonPatch({ a: 1 }, [{ op: "test", path: "/a", value: 2 }])).toThrow("testing value /a failed");
    expect(() => jsonPatch({ a: 1 }, [{ op: "remove", path: "/b" }])).toThrow("missing path");
  });

  it("leaves its target as it was", () => {
    const target = { list: [1] };
    jsonPatch(target, [{ op: "add", path: "/list/-", value: 2 }]);
    expect(target).toEqual({ list: [1] });
  });
});

describe("a strategic merge patch", () => {
  const shape = shapeOf(kindOf("deployments"));
  const containers = (...list: JsonMap[]): JsonMap => ({ spec: { template: { spec: { containers: list } } } });
  const patched = (target: JsonMap, patch: JsonMap) =>
    (strategicPatch(shape, target, patch) as { spec: { template: { spec: { containers: unknown } } } }).spec.template
      .spec.containers;

  it("merges containers by name and their environment too", () => {
    const before = {
      name: "a",
      image: "x:1",
      env: [
        { name: "A", value: "1" },
        { name: "B", value: "2" },
      ],
    };
    const patch = { name: "a", env: [{ name: "B", value: "3" }] };
    expect(patched(containers(before, { name: "b", image: "y" }), containers(patch))).toEqual([
      {
        name: "a",
        image: "x:1",
        env: [
          { name: "A", value: "1" },
          { name: "B", value: "3" },
        ],
      },
      { name: "b", image: "y" },
    ]);
  });

  it("deletes an item by directive, and orders by $setElementOrder", () => {
    const patch = {
      spec: {
        template: {
          spec: {
            "$setElementOrder/containers": [{ name: "c" }, { name: "a" }],
            containers: [
              { name: "b", $patch: "delete" },
              { name: "c", image: "z" },
            ],
          },
        },
      },
    } as unknown as JsonMap;
    expect(patched(containers({ name: "a" }, { name: "b" }), patch)).toEqual([
      { name: "c", image: "z" },
      { name: "a" },
    ]);
  });

  it("replaces lists without a merge key", () => {
    expect(patched(containers({ name: "a", args: ["1", "2"] }), containers({ name: "a", args: ["3"] }))).toEqual([
      { name: "a", args: ["3"] },
    ]);
  });

  it("refuses an item without its merge key", () => {
    expect(() => patched(containers({ name: "a" }), containers({ image: "x" }))).toThrow(
      "does not contain declared merge key: name",
    );
  });
});
