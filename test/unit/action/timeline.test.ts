import { describe, expect, it } from "vitest";
import { Timeline, timelineBlock } from "../../../src/action/timeline.ts";

function timeline() {
  const clock = { now: 0 };
  const line = new Timeline(() => clock.now);
  const phase = (at: number, subject: string, name: string, last = false) => {
    clock.now = at;
    line.take({ kind: "phase", subject, phase: name, last });
  };
  return { line, phase, clock };
}

describe("a timeline", () => {
  it("spends time from phase to phase, each subject for itself", () => {
    const { line, phase, clock } = timeline();
    phase(0, "point", "pulling");
    phase(0, "laguna-m", "pulling");
    phase(10, "point", "downloading");
    clock.now = 30;
    expect(line.finish()).toEqual([
      { subject: "point", phase: "pulling", from: 0, to: 10 },
      { subject: "laguna-m", phase: "pulling", from: 0, to: 30 },
      { subject: "point", phase: "downloading", from: 10, to: 30 },
    ]);
  });

  it("ends with the last phase, also where the subject is in it already", () => {
    const { line, phase, clock } = timeline();
    phase(0, "point", "loading");
    phase(10, "point", "ready");
    phase(12, "point", "ready", true);
    clock.now = 90;
    expect(line.finish().at(-1)).toEqual({ subject: "point", phase: "ready", from: 10, to: 12 });
  });

  it("draws no picture of a moment, and no syntax from names", () => {
    expect(timelineBlock([{ subject: "a", phase: "b", from: 0, to: 50 }])).toEqual([]);
    const spans = [
      { subject: "a: x", phase: "b; c", from: 0, to: 2_000 },
      { subject: "d", phase: "e", from: 0, to: 3_000 },
    ];
    expect(JSON.stringify(timelineBlock(spans))).toContain("section a  x\\n  b  c :0, 2000");
  });
});
