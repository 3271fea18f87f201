import { describe, expect, it } from "vitest";
import { inLanes } from "../../../e2e/lanes.ts";

describe("lanes", () => {
  it("work so many side by side, and begin in order", async () => {
    const events: string[] = [];
    const open = new Map<string, () => void>();
    const done = inLanes(["a", "b", "c"], 2, async (item) => {
      events.push(`${item} begins`);
      await new Promise<void>((end) => open.set(item, end));
      events.push(`${item} ends`);
    });
    expect(events).toEqual(["a begins", "b begins"]);
    open.get("b")!();
    await expect.poll(() => open.has("c")).toBe(true);
    open.get("c")!();
    open.get("a")!();
    await done;
    expect(events).toEqual(["a begins", "b begins", "b ends", "c begins", "c ends", "a ends"]);
  });
});
