import { describe, expect, it } from "vitest";
import { size, time } from "../../../src/action/describe.ts";
import { renderSummary } from "../../../src/action/summary.ts";
import { Timeline, timelineBlock } from "../../../src/action/timeline.ts";
import { ProgressView } from "../../../src/runner/progress.ts";

describe("renderSummary", () => {
  it("keeps foreign text text: no tags, no images, no broken tables, no broken fences", () => {
    const markdown = renderSummary([
      { kind: "table", head: ["a"], rows: [["x | y\n<img src=x> ![i](http://evil.example)"]] },
      { kind: "code", language: "text", text: "```\n<b>" },
    ]);
    expect(markdown).toContain("x \\| y<br>&lt;img src=x> !\\[i]");
    expect(markdown).toContain("````text\n```\n<b>\n````");
  });

  it("is never longer than the limit, and says what it left out", () => {
    const blocks = Array.from({ length: 50 }, () => ({ kind: "text", text: "ä".repeat(400) }) as const);
    const markdown = renderSummary(blocks, 10_000);
    expect(Buffer.byteLength(markdown)).toBeLessThan(10_200);
    expect(markdown).toMatch(/cut here: \d+ more parts/);
  });
});

describe("Timeline", () => {
  it("draws each subject's phases one after the other", () => {
    let now = 0;
    const timeline = new Timeline(() => now);
    const phase = (subject: string, name: string) => timeline.take({ kind: "phase", subject, phase: name });
    phase("laguna-m", "downloading");
    now = 3_000;
    phase("laguna-m", "downloading");
    phase("laguna-m", "ready: at last");
    now = 5_000;
    const [block] = timelineBlock(timeline.finish());
    expect(JSON.stringify(block)).toContain("downloading :0, 3000");
    expect(JSON.stringify(block)).toContain("ready  at last :3000, 5000");
  });

  it("spends no time in a last phase, and takes the subject up again later", () => {
    let now = 0;
    const timeline = new Timeline(() => now);
    timeline.take({ kind: "phase", subject: "point", phase: "loading" });
    now = 3_000;
    timeline.take({ kind: "phase", subject: "point", phase: "ready", last: true });
    now = 9_000;
    timeline.take({ kind: "phase", subject: "point", phase: "asking" });
    now = 10_000;
    const spans = timeline.finish().map(({ phase, from, to }) => [phase, from, to]);
    expect(spans).toEqual([
      ["loading", 0, 3_000],
      ["asking", 9_000, 10_000],
    ]);
  });
});

describe("ProgressView", () => {
  it("prints sparsely: percent, amounts, rate, time left", () => {
    let now = 0;
    const view = new ProgressView(() => now, 1_000);
    const at = (time_: number, done: number) => {
      now = time_;
      return view.take({ kind: "progress", task: "images", done, total: 100 * 2 ** 20, unit: "bytes" });
    };
    expect(at(0, 0)).toBeUndefined();
    expect(at(500, 2 * 2 ** 20)).toBeUndefined();
    expect(at(2_000, 20 * 2 ** 20)).toBe("images  20 %  20.0 MiB of 100.0 MiB  10.0 MiB/s  8.0 s left");
  });
});

describe("amounts", () => {
  it("reads as people write", () => {
    expect([size(0), size(1536), size(20 * 2 ** 30)]).toEqual(["0 B", "1.50 KiB", "20.0 GiB"]);
    expect([time(850), time(9_400), time(60_000), time(200_000), time(3_900_000)]).toEqual([
      "850 ms",
      "9.4 s",
      "1 min",
      "3 min 20 s",
      "1 h 5 min",
    ]);
  });
});
