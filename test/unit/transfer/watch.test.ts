import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { watchSilence } from "../../../src/transfer/watch.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a watch for silence", () => {
  it("counts only while something is expected, from the last time that it was armed", () => {
    const heard: number[] = [];
    const watch = watchSilence(100, (milliseconds) => heard.push(milliseconds));
    watch.arm();
    vi.advanceTimersByTime(90);
    watch.arm();
    vi.advanceTimersByTime(90);
    watch.disarm();
    vi.advanceTimersByTime(1_000);
    expect(heard).toEqual([]);
    watch.arm();
    vi.advanceTimersByTime(100);
    expect(heard).toEqual([100]);
  });

  it("takes another limit for one wait", () => {
    const heard: number[] = [];
    const watch = watchSilence(100, (milliseconds) => heard.push(milliseconds));
    watch.arm(5_000);
    vi.advanceTimersByTime(4_999);
    expect(heard).toEqual([]);
    watch.arm();
    vi.advanceTimersByTime(100);
    expect(heard).toEqual([100]);
  });

  it("leaves no timer behind, and cannot be armed again, once it is stopped", () => {
    const watch = watchSilence(100, () => expect.unreachable());
    watch.arm();
    watch.stop();
    watch.arm();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(1_000);
  });
});
