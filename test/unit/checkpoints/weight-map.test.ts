import { describe, expect, it } from "vitest";
import { checkWeightIndex, isWeightIndex } from "../../../src/checkpoints/weight-map.ts";

const tensors = new Map([
  ["model-1.safetensors", { names: ["a", "b"], parameters: 2 }],
  ["model-2.safetensors", { names: ["c"], parameters: 1 }],
  ["draft/model.safetensors", { names: ["d"], parameters: 1 }],
]);
const check = (map: unknown, path = "model.safetensors.index.json") =>
  checkWeightIndex(path, typeof map === "string" ? map : JSON.stringify({ weight_map: map }), tensors);

describe("checkWeightIndex", () => {
  it("takes an index whose files and tensors are all there", () => {
    check({ a: "model-1.safetensors", b: "model-1.safetensors", c: "model-2.safetensors" });
  });

  it("looks for the files beside the index", () => {
    check({ d: "model.safetensors" }, "draft/model.safetensors.index.json");
    expect(() => check({ d: "model.safetensors" })).toThrow(/the file model\.safetensors/);
  });

  it("refuses a file that is not there, and a tensor that is in another file", () => {
    expect(() => check({ a: "model-3.safetensors" })).toThrow(/the file model-3\.safetensors/);
    expect(() => check({ c: "model-1.safetensors" })).toThrow(/tensor c in model-1\.safetensors/);
  });

  it.each(["{", "[]", "null", "{}", '{"weight_map": {"a": 1}}'])("refuses %s", (text) => {
    expect(() => check(text)).toThrow(expect.objectContaining({ code: "CHECKPOINT_INDEX_INCOMPLETE" }));
  });

  it("knows an index by its name", () => {
    expect(isWeightIndex("model.safetensors.index.json")).toBe(true);
    expect(isWeightIndex("tokenizer/index.json")).toBe(false);
  });
});
