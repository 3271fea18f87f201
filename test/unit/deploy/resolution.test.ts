import { describe, expect, it } from "vitest";
import { waitUntilResolved } from "../../../src/deploy/resolution.ts";
import { fakeClock, testContext } from "../../support/context.ts";

const host = "point.example.com";
const balancer = "internal-k8s-1.us-east-2.elb.amazonaws.com";
const wanted = { [host]: balancer };

describe("waitUntilResolved", () => {
  it("waits until the name has an address of its load balancer", async () => {
    const clock = fakeClock();
    const begin = clock.now();
    const resolve = async (name: string) =>
      name === balancer ? ["10.0.0.1", "10.0.0.2"] : clock.now() - begin < 60_000 ? ["192.0.2.9"] : ["10.0.0.2"];
    expect(await waitUntilResolved(wanted, resolve, testContext({ clock }))).toEqual([]);
    expect(clock.now() - begin).toBe(60_000);
  });

  it("warns after five minutes of an old answer", async () => {
    const clock = fakeClock();
    const begin = clock.now();
    const resolve = async (name: string) => (name === balancer ? ["10.0.0.1"] : ["192.0.2.9"]);
    expect(await waitUntilResolved(wanted, resolve, testContext({ clock }))).toMatchObject([
      { code: "DEPLOY_DNS_UNSEEN", level: "warning", happened: expect.stringContaining("after 5 min") },
    ]);
    expect(clock.now() - begin).toBe(300_000);
  });

  it("does not wait where not even the load balancer's own name resolves", async () => {
    const clock = fakeClock();
    expect(await waitUntilResolved(wanted, async () => [], testContext({ clock }))).toMatchObject([
      { code: "DEPLOY_DNS_UNSEEN" },
    ]);
    expect(clock.sleeps).toEqual([]);
  });
});
