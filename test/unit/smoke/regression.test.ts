import { describe, expect, it } from "vitest";
import { regressionChecks, worsening } from "../../../src/smoke/regression.ts";

const proven = { samples: 5, firstTokenMs: 200, tokensPerSecond: 50, totalMs: 1_000 };

describe("a comparison with the baseline", () => {
  it("counts time that grows and a rate that falls as worse", () => {
    expect(worsening(200, 300, "less")).toBeCloseTo(50);
    expect(worsening(50, 25, "more")).toBeCloseTo(100);
    expect(worsening(200, 100, "less")).toBeCloseTo(-50);
  });

  it("does not judge what was never measured", () => {
    expect(worsening(0, 300, "less")).toBe(0);
    expect(worsening(50, 0, "more")).toBe(0);
  });

  it("degrades only what is worse by more than the limit, and names the baseline", () => {
    const now = { ...proven, firstTokenMs: 260, totalMs: 1_240 };
    const checks = regressionChecks(now, proven, "record 0123456789ab", 25);
    expect(checks.map(({ result }) => result)).toEqual(["degraded", "pass", "pass"]);
    expect(checks[0]).toMatchObject({ code: "SMOKE_SLOW", seen: expect.stringContaining("record 0123456789ab") });
  });

  it("shows and does not judge without a limit", () => {
    const checks = regressionChecks({ ...proven, totalMs: 90_000 }, proven, "a report", undefined);
    expect(checks.every(({ result }) => result === "pass")).toBe(true);
    expect(checks[2]!.seen).toContain("worse than");
  });
});
