import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fakeClock, testContext } from "../../support/context.ts";
import { agent, findings, type Models, named, startModels } from "./support.ts";

let models: Models;
beforeEach(async () => {
  models = await startModels();
});
afterEach(async () => {
  await models.close();
  expect(models.defects).toEqual([]);
});

const minutes = 60_000;

describe("a load balancer without a healthy target", () => {
  it.each([502, 503, 504])("is waited for while it answers %i, at any request", async (status) => {
    const answer = { status, headers: { server: "awselb/2.0" }, body: "<html>" };
    models.faults.add({ service: "model", times: 2, effect: { kind: "answer", answer } });
    models.faults.add({ service: "model", operation: "GET /v1/models", nth: 2, effect: { kind: "answer", answer } });
    models.faults.add({
      service: "model",
      operation: "POST /v1/chat/completions",
      nth: 3,
      effect: { kind: "answer", answer },
    });
    const clock = fakeClock();
    const result = await models.smoke(agent, {}, testContext({ clock }));
    expect(findings(result)).toEqual([]);
    expect(clock.sleeps).toHaveLength(4);
  });

  it("fails in the guide's words when the deadline is over", async () => {
    models.routed = () => "no target";
    const clock = fakeClock();
    const start = clock.now();
    const result = await models.smoke(agent, { deadline: 5 * minutes }, testContext({ clock }));
    expect(findings(result)).toEqual(["connect: SMOKE_BALANCER: 503: the load balancer has no healthy target"]);
    expect(named(result, "connect")?.remedy).toContain("Confirm that the target group is healthy");
    expect(clock.now() - start).toBeGreaterThan(4 * minutes);
    expect(clock.now() - start).toBeLessThanOrEqual(5 * minutes);
    expect(models.requests.all.length).toBeLessThan(60);
  });

  it("that has no rule for the host says so", async () => {
    models.routed = () => "unknown host";
    const result = await models.smoke(agent);
    expect(findings(result)).toEqual([
      "connect: SMOKE_BALANCER: 404: the load balancer has no rule for laguna-m.example.com",
    ]);
  });

  it("is not blamed for a server whose own health fails", async () => {
    models.suffer({ kind: "unhealthy" });
    expect(findings(await models.smoke(agent))).toEqual(["health: SMOKE_HEALTH: /health answers 503"]);
  });
});

describe("a limit of requests", () => {
  const limited = (headers: Readonly<Record<string, string>>, times: number) =>
    models.faults.add({
      service: "model",
      operation: "POST /v1/chat/completions",
      nth: 2,
      times,
      effect: { kind: "answer", answer: { status: 429, headers, body: '{"error":"slow down"}' } },
    });

  it("that says until when is waited out as it asks", async () => {
    limited({ "retry-after": "40" }, 2);
    const clock = fakeClock();
    const start = clock.now();
    expect(findings(await models.smoke(agent, { deadline: 5 * minutes }, testContext({ clock })))).toEqual([]);
    expect(clock.sleeps.filter((milliseconds) => milliseconds === 40_000)).toHaveLength(2);
    expect(clock.now() - start).toBe(80_000);
  });

  it("that lasts beyond the deadline fails without a wait", async () => {
    limited({ "retry-after": "3600" }, 1);
    const clock = fakeClock();
    const result = await models.smoke(agent, { deadline: 5 * minutes }, testContext({ clock }));
    expect(findings(result)).toEqual(["answer: SMOKE_LIMITED: 429: too many requests"]);
    expect(clock.sleeps).toEqual([]);
  });

  it("that begins between two streams is told as a limit, not as a broken stream", async () => {
    const answer = { status: 429, body: "" };
    models.faults.add({
      service: "model",
      operation: "POST /v1/chat/completions",
      nth: 4,
      effect: { kind: "answer", answer },
    });
    const result = await models.smoke(agent);
    expect(named(result, "stream")).toMatchObject({ code: "SMOKE_LIMITED", seen: "429: too many requests" });
  });

  it("that says nothing fails at once: nobody knows that waiting helps", async () => {
    limited({}, 1);
    const clock = fakeClock();
    const result = await models.smoke(agent, {}, testContext({ clock }));
    expect(findings(result)).toEqual(["answer: SMOKE_LIMITED: 429: too many requests"]);
    expect(named(result, "answer")?.remedy).toContain("WAF rate rule");
    expect(clock.sleeps).toEqual([]);
  });
});

describe("a connection", () => {
  it("that is reset before the answer is made again", async () => {
    models.faults.add({ service: "model", operation: "POST /v1/chat/completions", nth: 2, effect: { kind: "reset" } });
    expect(findings(await models.smoke(agent))).toEqual([]);
  });

  it("that is refused is tried until the deadline", async () => {
    const clock = fakeClock();
    const result = await models.smoke(agent, { resolve: { [agent.host]: "127.0.0.1:1" } }, testContext({ clock }));
    expect(findings(result)).toEqual(["connect: SMOKE_CONNECT: cannot connect: ECONNREFUSED"]);
    expect(clock.sleeps.length).toBeGreaterThan(3);
  });

  it("ends at once when the job is cancelled", async () => {
    models.routed = () => () => new Promise(() => {});
    const cancel = new AbortController();
    const testing = models.smoke(agent, {}, testContext({ signal: cancel.signal }));
    await expect.poll(() => models.requests.all.length).toBe(1);
    cancel.abort();
    await expect(testing).rejects.toThrow(/abort/i);
  });
});
