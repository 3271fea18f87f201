import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ModelResult } from "../../../src/smoke/check.ts";
import { type PastTest, sameState, trendPicture } from "../../../src/smoke/trend.ts";

const hour = 3_600_000;

function result(totalMs: number | undefined, verdict: ModelResult["verdict"] = "pass"): Partial<ModelResult> {
  const timings = { samples: 5, firstTokenMs: 100, tokensPerSecond: 50, totalMs: totalMs ?? 0 };
  return { verdict, checks: [], ...(totalMs === undefined ? {} : { timings }) };
}

function textOf(tests: readonly PastTest[]): string | undefined {
  const [block] = trendPicture(tests);
  return block?.kind === "code" ? block.text : undefined;
}

describe("the trend of the last tests", () => {
  it("is one character a test for each model, with the range and what failed", () => {
    const point = [1_000, 1_100, undefined, 4_000];
    const tests = point.map((totalMs, index) => ({
      at: index * hour,
      results: {
        point: totalMs === undefined ? result(undefined, "fail") : result(totalMs),
        ...(index > 1 ? { "laguna-m": result(500) } : {}),
      },
    }));
    expect(textOf(tests)).toBe(
      [
        "point     ▃▃×█  1.0 s to 4.0 s, 1 failed",
        "laguna-m  ··██  500 ms to 500 ms",
        "          4 tests in 3 h 0 min: whole answer, median of each; × failed",
      ].join("\n"),
    );
  });

  it("is not drawn of a single test, nor of none", () => {
    expect(trendPicture([])).toEqual([]);
    expect(trendPicture([{ at: 0, results: { point: result(100) } }])).toEqual([]);
  });

  it("leaves a time out that no clock gives", () => {
    const times = [1_000, Number.POSITIVE_INFINITY, 2_000];
    const tests = times.map((totalMs, at) => ({ at, results: { point: result(totalMs) } }));
    expect(textOf(tests)).toContain("point  ▅·█  1.0 s to 2.0 s");
  });

  it("takes whatever was kept: results without parts, of other models, of nonsense times (property)", () => {
    const one = fc.record(
      {
        verdict: fc.constantFrom("pass", "degraded", "fail"),
        timings: fc.record({ totalMs: fc.oneof(fc.double(), fc.constant("soon"), fc.integer()) }),
      },
      { requiredKeys: [] },
    );
    const test = fc.record({ at: fc.nat(), results: fc.dictionary(fc.constantFrom("a", "bb", "c"), one) });
    fc.assert(
      fc.property(fc.array(test, { minLength: 2, maxLength: 24 }), (tests) => {
        const text = textOf(tests as unknown as PastTest[]);
        const keys = Object.keys(tests.at(-1)!.results);
        if (keys.length === 0) expect(text).toBeUndefined();
        for (const [index, key] of keys.entries()) {
          const picture = text!.split("\n")[index]!.slice(Math.max(...keys.map((each) => each.length)) + 2);
          expect([...picture].slice(0, tests.length).join(""), key).toMatch(/^[▁-█×·]+$/);
        }
      }),
    );
  });
});

describe("the state that a test found", () => {
  const check = (code: string, seen: string, verdict: "fail" | "warning" | "pass" = "fail") =>
    ({ name: "connect", result: verdict, seen, remedy: "", code, milliseconds: 1 }) as const;
  const found = (...checks: ReturnType<typeof check>[]) => ({ point: { checks } });

  it("is the same while only what was measured differs", () => {
    expect(sameState(found(check("SMOKE_SLOW", "median 2,031")), found(check("SMOKE_SLOW", "median 2,440")))).toBe(
      true,
    );
  });

  it("changes with a check that fails, heals, or only warns now, and with the models", () => {
    const before = found(check("SMOKE_DNS", "x"));
    for (const now of [
      found(),
      found(check("SMOKE_TLS", "x")),
      found(check("SMOKE_DNS", "x", "warning")),
      found(check("SMOKE_DNS", "x", "pass")),
      { ...before, other: { checks: [] } },
    ])
      expect(sameState(before, now)).toBe(false);
  });
});
