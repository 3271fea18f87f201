import { describe, expect, it } from "vitest";
import { checkShards, checkWeightIndex, isWeightIndex } from "../../../src/checkpoints/weight-map.ts";

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
    expect(() => check({ d: "model.safetensors" })).toThrow(/the file "model\.safetensors"/);
  });

  it("refuses a file that is not there, and a tensor that is in another file", () => {
    expect(() => check({ a: "model-3.safetensors" })).toThrow(/the file "model-3\.safetensors"/);
    expect(() => check({ c: "model-1.safetensors" })).toThrow(/tensor "c" in "model-1\.safetensors"/);
  });

  it.each(["{", "[]", "null", "{}", '{"weight_map": {"a": 1}}', '{"weight_map": {}}'])("refuses %s", (text) => {
    expect(() => check(text)).toThrow(expect.objectContaining({ code: "CHECKPOINT_INDEX_INCOMPLETE" }));
  });

  it("knows an index by its name", () => {
    expect(isWeightIndex("model.safetensors.index.json")).toBe(true);
    expect(isWeightIndex("tokenizer/index.json")).toBe(false);
  });
});

describe("checkShards", () => {
  const shard = (number: number, of = 3, start = "model") => `${start}-0000${number}-of-0000${of}.safetensors`;

  it("takes whole series, counted from 1 or from 0, beside each other and beside files without a number", () => {
    checkShards([shard(1), shard(2), shard(3), "consolidated.safetensors"], []);
    checkShards([shard(0, 2), shard(1, 2), shard(1, 1, "draft/model")], []);
  });

  it("refuses a series that is not whole, and says which are missing", () => {
    expect(() => checkShards([shard(1), shard(3)], [])).toThrow(/model-\*-of-00003\.safetensors.*: 00002\./);
    expect(() => checkShards([shard(0)], [])).toThrow(/: 00001, 00002\./);
    expect(() => checkShards([shard(1, 2, "draft/model")], ["model.safetensors.index.json"])).toThrow(
      expect.objectContaining({ code: "CHECKPOINT_INDEX_INCOMPLETE" }),
    );
  });

  it("leaves it to an index beside them", () => {
    checkShards([shard(1), shard(3)], ["model.safetensors.index.json"]);
  });
});
