import dns from "node:dns";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Answer, listen } from "../../../sandbox/http.ts";
import { createAuthority } from "../../../sandbox/tls.ts";
import { plainHttpCheck } from "../../../src/smoke/plain-http.ts";
import { fakeClock, testContext } from "../../support/context.ts";
import { agent, findings, type Models, type ModelsOptions, named, startModels } from "./support.ts";

const day = 86_400_000;
let models: Models;
afterEach(async () => {
  vi.restoreAllMocks();
  await models.close();
  expect(models.defects).toEqual([]);
});

describe("a certificate", () => {
  it.each<[string, ModelsOptions, string]>([
    ["that has expired", { leaf: { notAfter: Date.now() - day } }, "the certificate has expired"],
    [
      "that is not valid yet",
      { leaf: { notBefore: Date.now() + day, notAfter: Date.now() + 30 * day } },
      "the certificate is not valid yet",
    ],
    ["for another name", { leaf: { names: ["point.example.com"] } }, "the certificate does not cover this host name"],
    [
      "for one label more",
      { leaf: { names: ["*.laguna-m.example.com"] } },
      "the certificate does not cover this host name",
    ],
  ])("%s fails the model at once, without a second attempt", async (_, options, seen) => {
    models = await startModels(options);
    const clock = fakeClock();
    const result = await models.smoke(agent, { deadline: 900_000 }, testContext({ clock }));
    expect(findings(result)).toEqual([`connect: SMOKE_TLS: ${seen}`]);
    expect(clock.sleeps).toEqual([]);
    expect(models.requests.all).toEqual([]);
  });

  it("of an authority that is not trusted fails the model at once", async () => {
    models = await startModels({ issuedBy: await createAuthority("somebody else") });
    const clock = fakeClock();
    const result = await models.smoke(agent, {}, testContext({ clock }));
    expect(findings(result)).toEqual(["connect: SMOKE_TLS: the certificate's chain is incomplete"]);
    expect(clock.sleeps).toEqual([]);
  });

  it("is checked against the system's roots when none is given", async () => {
    models = await startModels();
    expect(named(await models.smoke(agent, { roots: [] }), "connect")).toMatchObject({ code: "SMOKE_TLS" });
  });

  it("that ends within 30 days is told, and passes", async () => {
    models = await startModels({ leaf: { notAfter: Date.now() + 10 * day + 60_000 } });
    const result = await models.smoke(agent);
    expect(result.verdict).toBe("pass");
    expect(findings(result)).toEqual(["TLS: SMOKE_CERTIFICATE_ENDS: the certificate ends in 10 days"]);
  });
});

/** Lets DNS answer so many times that the name is unknown, then with the loopback address. */
function unknownFor(times: number): void {
  let asked = 0;
  vi.spyOn(dns, "lookup").mockImplementation(((
    name: string,
    options: { all?: boolean },
    done: (...args: unknown[]) => void,
  ) => {
    asked += 1;
    if (asked <= times) done(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: "ENOTFOUND" }));
    else if (options.all) done(null, [{ address: "127.0.0.1", family: 4 }]);
    else done(null, "127.0.0.1", 4);
  }) as never);
}

describe("a name without a DNS record", () => {
  it("is waited for", async () => {
    models = await startModels();
    unknownFor(3);
    const clock = fakeClock();
    const result = await models.smoke(
      agent,
      { resolve: { [agent.host]: `balancer.example.com:${models.port}` } },
      testContext({ clock }),
    );
    expect(result.verdict).toBe("pass");
    expect(clock.sleeps).toHaveLength(3);
  });

  it("fails with the record to make when the deadline is over", async () => {
    models = await startModels();
    unknownFor(Number.POSITIVE_INFINITY);
    const clock = fakeClock();
    const start = clock.now();
    const result = await models.smoke(agent, { resolve: {}, deadline: 120_000 }, testContext({ clock }));
    expect(findings(result)).toEqual(["connect: SMOKE_DNS: laguna-m.example.com does not resolve"]);
    expect(named(result, "connect")?.remedy).toContain("Create or update a DNS record for laguna-m.example.com");
    expect(clock.now() - start).toBeGreaterThan(100_000);
    expect(clock.now() - start).toBeLessThanOrEqual(120_000);
  });
});

describe("the HTTP port", () => {
  const look = async (answer: Answer) => {
    models = await startModels();
    const keys: (string | undefined)[] = [];
    const plain = await listen(
      async (call) => {
        keys.push(call.headers.authorization);
        return answer;
      },
      (error) => void models.defects.push(error),
    );
    const check = await plainHttpCheck(agent.host, "127.0.0.1", plain.port, new AbortController().signal);
    await plain.close();
    expect(keys).toEqual([undefined]);
    return { ...check, seen: check.seen.replace(String(plain.port), "80") };
  };

  it("that redirects to HTTPS is fine", async () => {
    const location = `https://${agent.host}:443/v1/models`;
    expect(await look({ status: 301, headers: { location } })).toMatchObject({
      result: "pass",
      seen: "redirects to https://laguna-m.example.com",
    });
  });

  it("that answers without TLS is told, with the annotations that mend it", async () => {
    expect(await look({ status: 401 })).toMatchObject({
      result: "warning",
      code: "SMOKE_PLAIN_HTTP",
      seen: "port 80 answers 401 without TLS",
      remedy: expect.stringContaining("ssl-redirect"),
    });
  });

  it("that redirects to HTTP is no better", async () => {
    expect(await look({ status: 301, headers: { location: "http://elsewhere.example.com/" } })).toMatchObject({
      result: "warning",
    });
  });

  it("that is closed is fine", async () => {
    models = await startModels();
    expect(await plainHttpCheck(agent.host, "127.0.0.1", 1, new AbortController().signal)).toMatchObject({
      result: "pass",
      seen: "port 1 is closed",
    });
  });
});

describe("a proxy", () => {
  it("of the environment is gone through, and sees no more than the model's address", async () => {
    models = await startModels();
    const tunnels: string[] = [];
    const proxy = createServer((_, response) => void response.writeHead(405).end());
    proxy.on("connect", (request: IncomingMessage, client: Duplex, head: Buffer) => {
      tunnels.push(request.url ?? "");
      const upstream = connect(models.port, "127.0.0.1", () => {
        client.write("HTTP/1.1 200 Connection established\r\n\r\n");
        upstream.write(head);
        upstream.pipe(client).pipe(upstream);
      });
      for (const socket of [client, upstream]) socket.on("error", () => upstream.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const { port } = proxy.address() as AddressInfo;
    const usual = testContext().ambient;
    const ambient = { ...usual, proxy: { https: `http://127.0.0.1:${port}`, http: undefined, none: undefined } };
    const result = await models.smoke(agent, { resolve: {} }, testContext({ ambient }));
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
    expect(findings(result)).toEqual([]);
    expect(new Set(tunnels)).toEqual(new Set(["laguna-m.example.com:443"]));
  });
});
