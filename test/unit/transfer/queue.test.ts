import { describe, expect, it } from "vitest";
import { createQueue } from "../../../src/transfer/queue.ts";

const never = new AbortController().signal;
const tick = () => new Promise((resolve) => setImmediate(resolve));

/** A piece of work that ends when the test says so. */
function piece() {
  let finish: () => void = () => {};
  let fail: (reason: unknown) => void = () => {};
  const done = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  return { done, finish, fail };
}

describe("a queue of work", () => {
  it("starts the largest pieces first, and equal ones in the order in which they came", async () => {
    const queue = createQueue({ limit: 1, signal: never });
    const order: string[] = [];
    for (const [name, size] of [
      ["a", 1],
      ["b", 5],
      ["c", 3],
      ["d", 5],
    ] as const)
      void queue.add(size, async () => void order.push(name));
    await queue.idle();
    expect(order).toEqual(["b", "d", "c", "a"]);
  });

  it("runs no more than its limit at once, and gives each result to who added the piece", async () => {
    const queue = createQueue({ limit: 3, signal: never });
    let most = 0;
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        queue.add(1, async () => {
          most = Math.max(most, queue.running);
          await tick();
          return index;
        }),
      ),
    );
    expect(results).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(most).toBe(3);
  });

  it("takes pieces that are added by others while they run", async () => {
    const queue = createQueue({ limit: 2, signal: never });
    let ran = 0;
    void queue.add(1, async () => {
      ran += 1;
      void queue.add(1, async () => {
        ran += 1;
      });
    });
    await queue.idle();
    expect(ran).toBe(2);
  });

  it("halves its width once for a storm of refusals, and never goes under one", async () => {
    const queue = createQueue({ limit: 8, signal: never });
    const pieces = Array.from({ length: 8 }, piece);
    const turns = pieces.map(({ done }) =>
      queue.add(1, async ({ slower }) => {
        await tick();
        slower();
        await done;
      }),
    );
    await tick();
    await tick();
    expect(queue.width).toBe(4);
    for (const { finish } of pieces) finish();
    await Promise.all(turns);
    for (let round = 0; round < 5; round += 1) await queue.add(1, async ({ slower }) => slower());
    expect(queue.width).toBe(1);
  });

  it("widens again by one after each round of successes, up to its limit", async () => {
    const queue = createQueue({ limit: 4, signal: never });
    await queue.add(1, async ({ slower }) => slower());
    expect(queue.width).toBe(2);
    for (let i = 0; i < 30; i += 1) await queue.add(1, async () => {});
    expect(queue.width).toBe(4);
  });

  it("ends with the first failure: aborts what runs, refuses what waits, and waits for all of it", async () => {
    const queue = createQueue({ limit: 2, signal: never });
    let ended = false;
    const running = queue.add(9, async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      await tick();
      ended = true;
      throw new Error("aborted");
    });
    const failing = queue.add(8, async () => {
      throw new Error("the first");
    });
    const waiting = queue.add(7, async () => {});
    await expect(queue.idle()).rejects.toThrow("the first");
    expect(ended).toBe(true);
    await expect(failing).rejects.toThrow("the first");
    await expect(running).rejects.toThrow("aborted");
    await expect(waiting).rejects.toMatchObject({ code: "CANCELLED" });
    await expect(queue.add(1, async () => {})).rejects.toMatchObject({ code: "CANCELLED" });
  });

  it("ends when it is cancelled", async () => {
    const stop = new AbortController();
    const queue = createQueue({ limit: 1, signal: stop.signal });
    const running = queue.add(2, ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", reject)));
    const waiting = queue.add(1, async () => {});
    await tick();
    stop.abort();
    await expect(queue.idle()).rejects.toMatchObject({ code: "CANCELLED" });
    await expect(waiting).rejects.toMatchObject({ code: "CANCELLED" });
    await expect(running).rejects.toBeDefined();
  });

  it("is idle at once when there is nothing to do", async () => {
    await createQueue({ limit: 1, signal: never }).idle();
  });
});
