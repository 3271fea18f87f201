import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Event } from "../../../src/action/context.ts";
import { voiceOf } from "../../../src/runner/events.ts";
import { createLog } from "../../../src/runner/log.ts";
import { Masks } from "../../../src/runner/masks.ts";
import type { Printer } from "../../../src/runner/printer.ts";

let printed: string[];
let voice: ReturnType<typeof voiceOf>;

beforeEach(() => {
  vi.useFakeTimers();
  printed = [];
  const print = (text: string) => void printed.push(text);
  const printer: Printer = {
    interval: 15_000,
    line: print,
    debug: (text) => print(`debug ${text}`),
    openGroup: () => {},
    closeGroup: () => {},
    progress: print,
    finding: () => {},
  };
  voice = voiceOf(createLog(new Masks(), printer), printer, () => Date.now());
});

afterEach(() => vi.useRealTimers());

function phase(subject: string, name: string, last = false): void {
  voice.emit({ kind: "phase", subject, phase: name, last });
}

function bytes(task: string, done: number, total?: number): Event {
  return { kind: "progress", task, done: done * 2 ** 20, total: total && total * 2 ** 20, unit: "bytes" };
}

describe("a phase", () => {
  it("that lasts a second is told, in one line for all subjects that are in it", () => {
    for (const model of ["laguna-m", "point"]) phase(model, "downloading");
    expect(printed).toEqual([]);
    vi.advanceTimersByTime(1_000);
    expect(printed).toEqual(["laguna-m, point: downloading"]);
  });

  it("that passes at once is not told, but the last one is", () => {
    phase("point", "connecting");
    phase("point", "asking");
    phase("point", "proven", true);
    vi.advanceTimersByTime(1_000);
    expect(printed).toEqual(["point: proven"]);
  });

  it("that was a subject's last is told before its next life begins", () => {
    phase("point", "ready", true);
    phase("point", "asking");
    expect(printed).toEqual(["point: ready"]);
  });

  it("tells its detail, and shares no line with another detail", () => {
    voice.emit({ kind: "phase", subject: "a", phase: "pulling", detail: "1 of 2 pods" });
    voice.emit({ kind: "phase", subject: "b", phase: "pulling" });
    vi.advanceTimersByTime(1_000);
    expect(printed).toEqual(["a: pulling (1 of 2 pods)", "b: pulling"]);
  });

  it("is not told after its group; a last one is told inside it", async () => {
    await voice.log.group("Verify", async () => {
      phase("a", "asking");
      phase("b", "proven", true);
    });
    expect(printed).toEqual(["b: proven"]);
    vi.advanceTimersByTime(5_000);
    expect(printed).toEqual(["b: proven"]);
  });
});

describe("progress", () => {
  it("is one sparse line of all that is under way, with percent, rate and time left", () => {
    voice.emit(bytes("images", 0, 1_000));
    voice.emit(bytes("checkpoints", 0, 400));
    vi.advanceTimersByTime(10_000);
    voice.emit(bytes("images", 500, 1_000));
    expect(printed).toEqual([]);
    vi.advanceTimersByTime(5_000);
    voice.emit(bytes("checkpoints", 100, 400));
    expect(printed).toHaveLength(1);
    expect(printed[0]).toMatch(
      /^images {2}50 % {2}500\.0 MiB of 1000\.0 MiB {2}50\.0 MiB\/s {2}10 s left {3}checkpoints {2}25 %/,
    );
  });

  it("of work without a known size tells what was moved", () => {
    voice.emit({ kind: "progress", task: "manifests", done: 0, total: undefined, unit: "items" });
    vi.advanceTimersByTime(15_000);
    voice.emit({ kind: "progress", task: "manifests", done: 1_500, total: undefined, unit: "items" });
    expect(printed).toEqual(["manifests  1,500  100/s"]);
  });

  it("forgets work that is complete, and begins again when it starts anew", () => {
    voice.emit(bytes("images", 0, 10));
    voice.emit(bytes("images", 10, 10));
    vi.advanceTimersByTime(60_000);
    voice.emit(bytes("checkpoints", 1, 4));
    expect(printed).toEqual([expect.stringMatching(/^checkpoints/)]);
    vi.advanceTimersByTime(15_000);
    voice.emit(bytes("checkpoints", 0, 4));
    expect(printed[1]).toBe("checkpoints  0 %  0 B of 4.00 MiB");
  });

  it("cannot bring a command", () => {
    voice.emit({ kind: "progress", task: "::set-output name=x::", done: 0, total: 4, unit: "items" });
    vi.advanceTimersByTime(15_000);
    voice.emit({ kind: "progress", task: "::set-output name=x::", done: 1, total: 4, unit: "items" });
    expect(printed[0]).not.toMatch(/^::/);
  });
});

describe("a retry", () => {
  it("is for debugging, but a long wait is told", () => {
    const retry = { kind: "retry", what: "UploadPart", attempt: 1, reason: "503" } as const;
    voice.emit({ ...retry, delay: 400 });
    voice.emit({ ...retry, delay: 20_000 });
    expect(printed).toEqual([
      "debug UploadPart: attempt 1 failed (503); again in 400 ms",
      "UploadPart: attempt 1 failed (503); again in 20 s",
    ]);
  });
});
