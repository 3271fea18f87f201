import { createServer, type Server } from "node:net";
import { createSecureContext } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addressChecks } from "../../../src/smoke/addresses.ts";
import type { Place } from "../../../src/smoke/request.ts";
import { testContext } from "../../support/context.ts";
import { agent, type Models, named, startModels } from "./support.ts";

let server: Server;
let port: number;
beforeEach(async () => {
  server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as { port: number }).port;
});
afterEach(() => void server.close());

const place = (address: string): Place => ({
  host: "point.example.com",
  address,
  trust: createSecureContext(),
  patience: { silence: 1_000, total: 1_000 },
  until: 0,
});
const resolving =
  (...addresses: string[]) =>
  async () =>
    addresses.map((address) => ({ address }));

describe("the addresses of a host that answers", () => {
  it("are told, and pass while each takes connections", async () => {
    const checks = await addressChecks(place(`lb.example.com:${port}`), testContext(), resolving("127.0.0.1"));
    expect(checks).toMatchObject([
      { name: "DNS", result: "pass", seen: "lb.example.com is 127.0.0.1" },
      { name: "TCP", result: "pass", seen: `port ${port} takes connections at 1 of 1 addresses` },
    ]);
  });

  it("degrade the model when one of them is dead, and name it", async () => {
    const lookup = resolving("127.0.0.1", "127.0.0.2");
    const [, tcp] = await addressChecks(place(`lb.example.com:${port}`), testContext(), lookup);
    expect(tcp).toMatchObject({
      result: "degraded",
      code: "SMOKE_ADDRESS",
      seen: `port ${port} takes connections at 1 of 2 addresses; not 127.0.0.2 (ECONNREFUSED)`,
    });
  });

  it("count only as far as this machine has a way to them", async () => {
    const lookup = resolving("127.0.0.1", "2001:db8::1");
    const [, tcp] = await addressChecks(place(`lb.example.com:${port}`), testContext(), lookup);
    expect(tcp).toMatchObject({ result: "pass", seen: expect.stringContaining("at 1 of 1 addresses") });
  });

  it("are not looked at behind a proxy", async () => {
    const through = { ...place("lb.example.com"), agent: {} as NonNullable<Place["agent"]> };
    const checks = await addressChecks(through, testContext(), () => Promise.reject(new Error("asked")));
    expect(checks.map(({ result }) => result)).toEqual(["not looked at", "not looked at"]);
  });
});

describe("a server that says the key back", () => {
  let models: Models;
  beforeEach(async () => {
    models = await startModels();
  });
  afterEach(() => models.close());

  const said = "Bearer canary-key-7f31";

  it("is quoted without it, in a body and in a stream, also where the quotation is cut", async () => {
    models.routed = () => async (call) => {
      const body = (await call.body()).toString();
      const given = call.headers.authorization === said;
      if (!given || call.path === "/v1/models") return models.answer(agent.host, call);
      const error = JSON.stringify({ error: { message: `${"x".repeat(185)} ${said}` } });
      if (!body.includes('"stream":true')) return { status: 500, body: error };
      return { status: 200, headers: { "content-type": "text/event-stream" }, body: `data: ${error}\n\n` };
    };
    const result = await models.smoke(agent, { samples: 1 });
    expect(named(result, "answer")).toMatchObject({ result: "fail", seen: expect.stringMatching(/x Bearer \*\*\*$/) });
    expect(JSON.stringify(result)).not.toContain("canary");
  });
});
