import { describe, expect, it } from "vitest";
import { missesOf } from "../../../bench/goals.ts";
import { busySeconds, spreadOf } from "../../../bench/measure.ts";
import { optionsOf, UsageError } from "../../../bench/options.ts";
import { plotOf } from "../../../bench/plot.ts";
import { reasonsOf } from "../../../bench/reasons.ts";
import { reportOf } from "../../../bench/report.ts";
import { isEnough, isWarmUp } from "../../../bench/rounds.ts";
import { pushedOf, writesOf } from "../../../bench/row.ts";
import type { Result, Side } from "../../../bench/run.ts";

const exactly = (value: number) => ({ median: value, least: value, most: value });

function side(name: string, more: Partial<Side> = {}): Side {
  return {
    ...{ name, kind: "peer", goal: undefined, work: undefined, ratio: undefined, requests: undefined },
    ...{ wall: exactly(1), cpu: exactly(1), machine: exactly(1), memory: 0, written: 0 },
    ...more,
  };
}

function result(own: Partial<Side>, peers: readonly Side[], work?: number): Result {
  const row = {
    id: "row",
    title: "A row of `two` < three",
    label: "Two < three",
    memory: 200 * 1_048_576,
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
      "5.00 MB written to the disk, where the goal is none",
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
      figures: [{ what: "start", seconds: 0.4, goal: 0.3, memory: 1_048_576, memoryGoal: 2_097_152 }],
      failures: [{ id: "bundle", text: "no room\nmore" }],
      versions: { skopeo: "1.22.0" },
      networks: [{ name: "registry", trip: 40, rate: 60, total: 1_250, foundTrip: 41.2, foundRate: 59.1 }],
      quick: false,
      load: 7,
      processors: 2,
      at: 0,
    });
    expect(page).toContain("1.50 (1.40 to 1.60) | 2.00 |");
    expect(page).toContain("Missed: 1.50 times other, where the goal is 2.00.\n\n- eks-deploy took 1.00 s");
    expect(page).toContain("| start | 0.400 | | | 1 MiB | 0.3 s (missed), 2 MiB |");
    expect(page).toContain("- bundle: no room\n");
    expect(page).toContain("A known sender found 41.2 ms and 59.1 MB/s a connection before registry");
    expect(page).toContain("limit: wire");
    expect(page).toContain("skopeo 1.22.0");
    expect(page).toContain("load average before the first run 7.0");
  });

  it("has a plot of the peers alone, in which titles are text", () => {
    const plot = plotOf([found]);
    expect(plot).toContain("Two &lt; three");
    expect(plot).toContain("1.5x");
    expect(plot).not.toContain("wire");
  });
});

describe("the reasons of a miss", () => {
  const peer = side("other", { goal: 2, ratio: exactly(1.5), wall: exactly(3), cpu: exactly(4) });
  const limit = side("wire", { kind: "limit", wall: exactly(1.2) });
  const of = (own: Partial<Side>) => {
    const found = result({ wall: exactly(2), cpu: exactly(1), ...own }, [peer, limit]);
    return reasonsOf(found, missesOf(found), { processors: 2, restingMemory: 90 * 1_048_576 }).join("\n");
  };

  it("tell busy processors, one busy thread and waiting apart", () => {
    expect(of({ machine: exactly(3.6) })).toContain("processor time is what it waits for");
    expect(of({ cpu: exactly(1.9), machine: exactly(2) })).toContain("computed on 0.9 processors at once");
    expect(of({ machine: exactly(1.5) })).toContain("for the rest it waited for answers");
  });

  it("say what the goal leaves, beside the limits", () => {
    expect(of({})).toContain("so its goal leaves 1.50 s, of which eks-deploy's processor time alone is 67 %");
    expect(of({})).toContain("limits: wire 1.20 s");
  });

  it("say what of too much memory the smallest run had, too", () => {
    expect(of({ memory: 230 * 1_048_576 })).toContain("Of its 230 MiB, 90 MiB were resident");
  });
});

describe("the rounds of a row", () => {
  const verdict = (least: number, most: number) => ({ ratio: { median: 2, least, most }, line: 2 });

  it("are more where pairs lie on both sides of the line, up to the most", () => {
    const plan = { least: 3, most: 5 };
    expect(isEnough(2, plan, [verdict(2.1, 3)])).toBe(false);
    expect(isEnough(3, plan, [verdict(2.1, 3)])).toBe(true);
    expect(isEnough(3, plan, [verdict(1, 1.9)])).toBe(true);
    expect(isEnough(4, plan, [verdict(1.9, 2.1)])).toBe(false);
    expect(isEnough(5, plan, [verdict(1.9, 2.1)])).toBe(true);
  });

  it("begin with a warm-up where they are short", () => {
    expect(isWarmUp(0, 10)).toBe(true);
    expect(isWarmUp(0, 20)).toBe(false);
    expect(isWarmUp(1, 10)).toBe(false);
  });
});

describe("the command line", () => {
  it("runs all rows and writes the page, unless less is asked for", () => {
    expect(optionsOf([], ["archive", "bundle"])).toMatchObject({ quick: false, write: true, rows: [] });
    expect(optionsOf(["bundle"], ["archive", "bundle"])).toMatchObject({ write: false, rows: ["bundle"] });
    expect(optionsOf(["--quick"], [])).toMatchObject({ write: false, rounds: { least: 3, most: 7 } });
  });

  it("refuses what it does not know", () => {
    for (const words of [["nothing"], ["--fast"], ["--rounds=0"], ["--rounds=many"]])
      expect(() => optionsOf(words, ["archive"])).toThrow(UsageError);
  });
});

describe("what a run left", () => {
  it("is the middle of an odd or even number of runs", () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, least: 1, most: 3 });
    expect(spreadOf([4, 1, 2, 3]).median).toBe(2.5);
  });

  it("counts what the processors did, and not what they waited", () => {
    expect(busySeconds("cpu  100 20 300 4000 500 6 7 0 0 0\ncpu0 1 2 3\n")).toBe(4.33);
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
