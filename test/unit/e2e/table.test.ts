import { describe, expect, it } from "vitest";
import { type Layer, obstacle } from "../../../e2e/layers.ts";
import { type Result, tableOf, totalOf } from "../../../e2e/table.ts";

const ran: Result = {
  layer: "models",
  software: ["llama.cpp 1"],
  passed: 5,
  failed: 1,
  skipped: 0,
  setup: 0.04,
  seconds: 75,
};

describe("the table at the end of npm run e2e", () => {
  it("counts what ran, with the time of installing apart", () => {
    const [, , row] = tableOf([ran]).split("\n");
    expect(row?.split(/ {2,}/)).toEqual(["models", "6", "5", "1", "0", "0.0 s", "1 min 15 s", "llama.cpp 1"]);
  });

  it("never counts a layer that cannot run as passed, and says why", () => {
    const none = { ...ran, passed: 0, failed: 0, seconds: 0, cannotRun: "needs go, which this machine does not have" };
    const lines = tableOf([none]).split("\n");
    expect(lines[2]?.split(/ {2,}/).slice(0, 5)).toEqual(["models", "-", "-", "-", "all"]);
    expect(lines.at(-1)).toBe("models was skipped: it needs go, which this machine does not have.");
  });

  it("says why a layer failed before its tests", () => {
    expect(tableOf([{ ...ran, broken: "go ended with status 1:" }])).toContain(
      "models failed: go ended with status 1:",
    );
  });
});

describe("the report of npm run e2e", () => {
  it("adds the layers up", () => {
    expect(totalOf([ran, { ...ran, skipped: 2 }])).toMatchObject({
      numPassedTests: 10,
      numFailedTests: 2,
      numPendingTests: 2,
      success: false,
    });
  });

  it("counts a layer that broke before its tests as failed, and one that cannot run as skipped", () => {
    const none = { ...ran, passed: 0, failed: 0 };
    expect(totalOf([{ ...none, broken: "go ended with status 1:" }])).toMatchObject({
      numFailedTestSuites: 1,
      success: false,
    });
    expect(totalOf([{ ...none, cannotRun: "needs root" }])).toMatchObject({ numPendingTests: 1, numPassedTests: 0 });
  });
});

describe("a layer", () => {
  const layer: Layer = { name: "x", software: [], needs: ["sh", "no-such-program"], seconds: 1 };

  it("cannot run without the programs that it needs", () => {
    const reason = obstacle(layer, { platform: "linux", arch: "x64" });
    expect(reason).toBe("needs no-such-program, which this machine does not have");
  });

  it("cannot run where the software was not made for the machine", () => {
    expect(obstacle(layer, { platform: "darwin", arch: "arm64" })).toBe("needs Linux on x64; this is darwin on arm64");
  });
});
