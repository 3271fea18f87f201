import { describe, expect, it } from "vitest";
import { hold } from "../../../e2e/tools/lock.ts";

describe.runIf(process.platform === "linux")("a lock on this machine", () => {
  const name = `eks-deploy-test-${process.pid}`;

  it("makes the second wait, which is told so, until the first has released it", async () => {
    const first = await hold(name, () => expect.unreachable());
    const events: string[] = [];
    const second = hold(name, () => events.push("waits")).then((lock) => {
      events.push("has it");
      return lock;
    });
    await expect.poll(() => events).toEqual(["waits"]);
    await first.release();
    await (await second).release();
    expect(events).toEqual(["waits", "has it"]);
  });

  it("is not waited for when the run is interrupted", async () => {
    const first = await hold(name, () => expect.unreachable());
    const interruption = new AbortController();
    const second = hold(name, () => interruption.abort(), interruption.signal);
    await expect(second).rejects.toThrow("aborted");
    await first.release();
  });
});
