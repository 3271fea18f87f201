import { describe, expect, it } from "vitest";
import type { ModelResult, Timings } from "../../../src/smoke/check.ts";
import { latencyPicture } from "../../../src/smoke/picture.ts";

const timings = (firstTokenMs: number, totalMs: number): Timings => ({
  samples: 5,
  firstTokenMs,
  totalMs,
  tokensPerSecond: 50,
});
const model = (key: string, of?: Timings): ModelResult => ({
  key,
  host: `${key}.example.com`,
  modelName: key,
  verdict: "pass",
  checks: [],
  ...(of ? { timings: of } : {}),
});

function lines(...args: Parameters<typeof latencyPicture>): readonly string[] {
  const [block] = latencyPicture(...args);
  return block?.kind === "code" ? block.text.split("\n") : [];
}

describe("latencyPicture", () => {
  it("draws the slowest model over the whole width, and the others in proportion", () => {
    const [slow, quick] = lines(
      [model("laguna-m", timings(500, 2_000)), model("point", timings(100, 1_000))],
      undefined,
    );
    expect(slow).toMatch(/^laguna-m {2}█{10}░{30} {2}/);
    expect(quick).toMatch(/^point {5}█{2}░{18} {22}/);
  });

  it("draws what was proven earlier below the model of now", () => {
    const baseline = { label: "record 0123456789ab", timings: { point: timings(50, 500) } };
    const all = lines([model("point", timings(100, 1_000))], baseline);
    expect(all[1]).toMatch(/^ {2}before {2}█{2}░{18} /);
    expect(all.at(-1)).toContain("before: record 0123456789ab");
  });

  it("leaves out models without a whole answer, and draws nothing where there is none", () => {
    expect(lines([model("point"), model("laguna-m", timings(1, 2))], undefined)).toHaveLength(2);
    expect(latencyPicture([model("point")], undefined)).toEqual([]);
    expect(latencyPicture([model("point", timings(0, 0))], undefined)).toEqual([]);
  });

  it("shows at least a cell of a first token that came at once", () => {
    expect(lines([model("point", timings(1, 60_000))], undefined)[0]).toMatch(/^point {2}█░{39} /);
  });
});
