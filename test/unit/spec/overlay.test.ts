import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { overlay, resolveLayers } from "../../../src/spec/overlay.ts";
import { dataOf, leaves, type PlacedMap } from "../../../src/spec/placed.ts";
import { readSpec } from "../../../src/spec/read.ts";

type Tree = { [key: string]: Tree | number | null | number[] };

const leaf = fc.oneof(fc.nat(9), fc.constant(null), fc.array(fc.nat(9), { maxLength: 2 }));
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.dictionary(
    fc.constantFrom("a", "b", "c"),
    fc.oneof({ maxDepth: 3 }, leaf, tie("tree")),
  ) as fc.Arbitrary<Tree>,
}));

const placed = (value: Tree, file = "s") => readSpec(JSON.stringify(value), file).root as PlacedMap;
const resolved = (...layers: readonly Tree[]) => dataOf(resolveLayers(layers.map((each) => placed(each))));
const hasNull = (value: unknown): boolean =>
  value === null || (typeof value === "object" && !Array.isArray(value) && Object.values(value!).some(hasNull));

/** The rule said once more, over plain data. */
function judge(base: Tree, over: Tree): Tree {
  const result: Tree = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value === null) delete result[key];
    else if (typeof value === "object" && !Array.isArray(value)) {
      const before = result[key];
      result[key] = judge(typeof before === "object" && before !== null && !Array.isArray(before) ? before : {}, value);
    } else result[key] = value;
  }
  return result;
}

describe("overlay", () => {
  it("merges maps, replaces lists and plain values, and removes with null", () => {
    fc.assert(
      fc.property(tree, tree, (base, over) => {
        expect(resolved(base, over)).toEqual(judge(judge({}, base), over));
      }),
    );
  });

  it("changes nothing with an empty layer, or with the same layer again, and leaves no null", () => {
    fc.assert(
      fc.property(tree, (base) => {
        expect(resolved(base, {})).toEqual(resolved(base));
        expect(resolved(base, base)).toEqual(resolved(base));
        expect(hasNull(resolved(base))).toBe(false);
      }),
    );
  });

  it("does not touch the layers that it is given", () => {
    fc.assert(
      fc.property(tree, tree, (base, over) => {
        const [one, two] = [placed(base), placed(over)];
        overlay(one, two);
        expect(dataOf(one)).toEqual(base);
        expect(dataOf(two)).toEqual(over);
      }),
    );
  });

  it("keeps the place of every value: the layer's that said it last", () => {
    fc.assert(
      fc.property(tree, tree, (base, over) => {
        const both = resolveLayers([placed(base, "base"), placed(over, "over")]);
        const said = new Set(leaves(placed(over)).map(({ path }) => path.join(".")));
        for (const { path, node } of leaves(both)) {
          if (node.kind === "map") continue;
          expect(node.at.file).toBe(said.has(path.join(".")) ? "over" : "base");
        }
      }),
    );
  });
});
