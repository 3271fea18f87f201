import { describe, expect, it } from "vitest";
import { spreadOf } from "../../../bench/measure.ts";
import { plotOf } from "../../../bench/plot.ts";
import { missesOf, reportOf } from "../../../bench/report.ts";
import { pushedOf, writesOf } from "../../../bench/row.ts";
import type { Result, Side } from "../../../bench/run.ts";

const exactly = (value: number) => ({ median: value, least: value, most: value });

function side(name: string, more: Partial<Side> = {}): Side {
  const [kind, goal, work, ratio] = ["peer" as const, undefined, undefined, undefined];
  return { name, kind, goal, work, ratio, wall: exactly(1), cpu: exactly(1), memory: 0, written: 0, ...more };
}

function result(own: Partial<Side>, peers: readonly Side[], work?: number): Result {
  const row = {
    id: "row",
    title: "A row of `two` < three",
    memory: 200 * 1_048_576,
    contenders: [],
    limits: "A disk is in the way.",
    before: async () => {},
    outcome: async () => "",
    ...(work === undefined ? {} : { work }),
  };
  return { row, rounds: 1, sides: [side("eks-deploy", { kind: "product", ...own }), ...peers] };
}

describe("the goals of a row", () => {
  it("are reached where every ratio, the memory and the disk are as wanted", () => {
    const found = result({ memory: 100, written: 1_000 }, [side("other", { goal: 2, ratio: exactly(2.1) })]);
    expect(missesOf(found)).toEqual([]);
  });

  it("are missed by a ratio, memory, a disk and time, each told with its figures", () => {
    const own = { memory: 300 * 1_048_576, written: 5e6, work: exactly(0.3) };
    const found = result(own, [side("other", { goal: 2, ratio: exactly(1.9) })], 0.2);
    expect(missesOf(found).map(({ text }) => text)).toEqual([
      "1.90 times other, where the goal is 2.00",
      "0.300 s of work, where the goal is 0.200 s",
      "300 MiB of memory, where the goal is 200 MiB",
      "5.0 MB written to the disk, where the goal is none",
    ]);
  });

  it("may be missed by a quarter in a quick run, and not by more", () => {
    const at = (ratio: number) => result({}, [side("other", { goal: 2, ratio: exactly(ratio) })]);
    expect(missesOf(at(1.51), 0.25)).toEqual([]);
    expect(missesOf(at(1.49), 0.25)).toHaveLength(1);
  });
});

describe("the page", () => {
  const found = result({}, [
    side("other", { goal: 2, ratio: { median: 1.5, least: 1.4, most: 1.6 } }),
    side("wire", { kind: "limit", ratio: exactly(0.5) }),
  ]);

  it("shows ratios with their spread, and why a goal was missed", () => {
    const page = reportOf({
      results: [found],
      figures: [],
      versions: { skopeo: "1.22.0" },
      quick: false,
      load: 7,
      at: 0,
    });
    expect(page).toContain("1.50 (1.40 to 1.60) | 2.00 |");
    expect(page).toContain("Missed: 1.50 times other, where the goal is 2.00. A disk is in the way.");
    expect(page).toContain("limit: wire");
    expect(page).toContain("skopeo 1.22.0");
    expect(page).toContain("load average before the first run 7.0");
  });

  it("has a plot of the peers alone, in which titles are text", () => {
    const plot = plotOf([found]);
    expect(plot).toContain("A row of two &lt; three");
    expect(plot).toContain("1.5x");
    expect(plot).not.toContain("wire");
  });
});

describe("what a run left", () => {
  it("is the middle of an odd or even number of runs", () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, least: 1, most: 3 });
    expect(spreadOf([4, 1, 2, 3]).median).toBe(2.5);
  });

  it("differs where a blob, its bytes or a tag differ", () => {
    const state = (sample: string, tag: string) => ({
      repositories: { atlas: { blobs: { "sha256:a": { size: 1, sample } }, tags: { "1": tag } } },
      objects: {},
      requests: {},
      received: 1,
    });
    expect(pushedOf(state("1", "sha256:m"))).toBe(pushedOf(state("1", "sha256:m")));
    expect(pushedOf(state("1", "sha256:m"))).not.toBe(pushedOf(state("2", "sha256:m")));
    expect(pushedOf(state("1", "sha256:m"))).not.toBe(pushedOf(state("1", "sha256:n")));
  });

  it("counts every write of the product, and lets peers write a manifest again", () => {
    const requests = { "manifest PUT": 1, "blob HEAD": 6, ListObjects: 1 };
    const state = { repositories: {}, objects: {}, requests, received: 0 };
    expect(writesOf(state, "product")).toBe("1 manifest PUT");
    expect(writesOf(state, "peer")).toBe("");
  });
});
