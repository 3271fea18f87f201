import { describe, expect, it } from "vitest";
import { inWindow } from "../../../src/checkpoints/upload/window.ts";

/** Work that ends when it is told to. */
function controlled() {
  const begun: number[] = [];
  const ends = new Map<number, { resolve(value: string): void; reject(reason: Error): void }>();
  const work = (item: number) => {
    begun.push(item);
    return new Promise<string>((resolve, reject) => ends.set(item, { resolve, reject }));
  };
  return {
    begun,
    work,
    end: (item: number) => ends.get(item)!.resolve(`r${item}`),
    fail: (item: number) => ends.get(item)!.reject(new Error(`f${item}`)),
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("work in a window", () => {
  it("begins no more at once than it is wide, and gives the results in the order of the items", async () => {
    const { begun, work, end } = controlled();
    const all = inWindow([1, 2, 3, 4], 2, work);
    await turn();
    expect(begun).toEqual([1, 2]);
    end(2);
    await turn();
    expect(begun).toEqual([1, 2, 3]);
    for (const item of [1, 3]) end(item);
    await turn();
    end(4);
    expect(await all).toEqual(["r1", "r2", "r3", "r4"]);
  });

  it("asks for an item only when its turn comes", async () => {
    let asked = 0;
    const endless = (function* () {
      for (;;) yield asked++;
    })();
    const all = inWindow(endless, 3, async (item) => {
      if (item === 5) throw new Error("enough");
    });
    await expect(all).rejects.toThrow("enough");
    expect(asked).toBeLessThanOrEqual(9);
  });

  it("begins nothing after a failure, waits for what runs, and throws the worst", async () => {
    const { begun, work, fail } = controlled();
    const all = inWindow([1, 2, 3], 2, work, (failures) => failures.at(-1));
    await turn();
    fail(1);
    await turn();
    expect(begun).toEqual([1, 2]);
    fail(2);
    await expect(all).rejects.toThrow("f2");
  });

  it("of nothing is nothing", async () => {
    expect(await inWindow([], 4, async () => 1)).toEqual([]);
  });
});
