import { describe, expect, it } from "vitest";
import { createPool, type Loan } from "../../../src/bytes/buffers.ts";

const tick = () => new Promise((resolve) => setImmediate(resolve));

describe("a pool of buffers", () => {
  it("lends no more than its budget, and serves who waits in the order in which they came", async () => {
    const pool = createPool(100);
    const first = await pool.acquire(60);
    const order: string[] = [];
    const loans: Loan[] = [];
    const wait = (name: string, size: number) =>
      pool.acquire(size).then((loan) => {
        order.push(name);
        loans.push(loan);
      });
    const waiting = [wait("large", 80), wait("small", 10)];
    await tick();
    expect(order).toEqual([]);
    expect(pool.used).toBe(60);
    first.release();
    await tick();
    expect(order).toEqual(["large", "small"]);
    expect(pool.used).toBe(90);
    for (const loan of loans) loan.release();
    await Promise.all(waiting);
    expect(pool.used).toBe(0);
  });

  it("gives a returned buffer to the next who asks for the same size", async () => {
    const pool = createPool(100);
    const first = await pool.acquire(50);
    first.release();
    first.release();
    expect((await pool.acquire(50)).bytes).toBe(first.bytes);
    expect((await pool.acquire(30)).bytes).toHaveLength(30);
    expect(pool.used).toBe(80);
  });

  it("lets go of kept buffers where another size needs their room", async () => {
    const pool = createPool(100);
    const kept = await Promise.all([pool.acquire(50), pool.acquire(50)]);
    for (const loan of kept) loan.release();
    expect((await pool.acquire(100)).bytes).toHaveLength(100);
  });

  it("lets who waits be cancelled, and serves the others", async () => {
    const pool = createPool(10);
    const first = await pool.acquire(5);
    const stop = new AbortController();
    const large = pool.acquire(10, stop.signal);
    const small = pool.acquire(5);
    stop.abort();
    await expect(large).rejects.toMatchObject({ code: "CANCELLED" });
    expect((await small).bytes).toHaveLength(5);
    await expect(pool.acquire(1, stop.signal)).rejects.toMatchObject({ code: "CANCELLED" });
    first.release();
  });

  it("refuses what can never be lent", async () => {
    await expect(createPool(10).acquire(11)).rejects.toMatchObject({ code: "INTERNAL" });
  });
});
