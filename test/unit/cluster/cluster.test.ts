import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { Cluster } from "../../../src/cluster/cluster.ts";
import { reachOf } from "../../../src/cluster/eks-endpoint.ts";
import type { Endpoint } from "../../../src/cluster/endpoint.ts";
import { logTail } from "../../../src/cluster/logs.ts";
import type { Pod } from "../../../src/cluster/objects.ts";
import { leases, pathOf, pods } from "../../../src/cluster/resources.ts";
import { watchResource } from "../../../src/cluster/watch.ts";
import { lines } from "../../../src/cluster/wire.ts";
import { systemClock } from "../../../src/retry.ts";
import { testContext } from "../../support/context.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A scripted API server: each request takes the next handler, the last one stays. */
async function serving(
  ...handlers: readonly Handler[]
): Promise<{ cluster: Cluster; asked: string[]; renewals: boolean[] }> {
  const asked: string[] = [];
  const renewals: boolean[] = [];
  let next = 0;
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    handlers[Math.min(next, handlers.length - 1)]!(request, response);
    next += 1;
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const endpoint: Endpoint = {
    label: "EKS cluster test",
    name: "test",
    server: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    tls: { verify: true },
    authorization: async (renew) => {
      renewals.push(renew);
      return "Bearer token";
    },
    reach: "Its endpoint is private.",
    caller: "arn:aws:iam::1:role/deploy",
  };
  const cluster = new Cluster(endpoint, testContext());
  closing.push(() => {
    cluster.close();
    server.closeAllConnections();
    server.close();
  });
  return { cluster, asked, renewals };
}

const json =
  (status: number, value: unknown, headers: Record<string, string> = {}): Handler =>
  (_, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
  };
const pod = (name: string, version = "1") => ({ metadata: { name, namespace: "m", resourceVersion: version } });
const reset: Handler = (request) => request.socket.resetAndDestroy();

describe("a request to the cluster", () => {
  it("goes on after a storm of 429 and 503, and after a connection that breaks", async () => {
    const { cluster, asked } = await serving(
      json(429, {}, { "retry-after": "1" }),
      json(503, {}),
      reset,
      json(200, pod("a")),
    );
    expect((await cluster.get(pods, "a", "m"))?.metadata.name).toBe("a");
    expect(asked).toHaveLength(4);
  });

  it("gives up a storm that does not end", async () => {
    const { cluster, asked } = await serving(json(503, { message: "overloaded" }));
    await expect(cluster.get(pods, "a", "m")).rejects.toMatchObject({ code: "CLUSTER_FAILED", status: 503 });
    expect(asked).toHaveLength(6);
  });

  it("never sends a creation again whose answer was lost", async () => {
    const { cluster, asked } = await serving(reset, json(201, {}));
    await expect(cluster.create(leases, { metadata: { name: "a", namespace: "m" } })).rejects.toMatchObject({
      code: "CLUSTER_UNREACHABLE",
    });
    expect(asked).toHaveLength(1);
  });

  it("renews a refused token once, then says how to be let in", async () => {
    const { cluster, renewals } = await serving(json(401, { message: "Unauthorized" }));
    await expect(cluster.get(pods, "a", "m")).rejects.toMatchObject({ code: "CLUSTER_UNAUTHORIZED" });
    expect(renewals).toEqual([false, true]);
  });

  it("answers undefined for what is not there, and tells a refusal in the server's words", async () => {
    const { cluster } = await serving(
      json(404, { reason: "NotFound" }),
      json(403, { reason: "Forbidden", message: "pods is forbidden" }),
    );
    expect(await cluster.get(pods, "a", "m")).toBeUndefined();
    await expect(cluster.get(pods, "a", "m")).rejects.toMatchObject({
      code: "CLUSTER_FORBIDDEN",
      said: "pods is forbidden",
    });
  });

  it("reads a list page by page", async () => {
    const { cluster, asked } = await serving(
      json(200, { metadata: { continue: "next page" }, items: [pod("a")] }),
      json(200, { metadata: { resourceVersion: "9" }, items: [pod("b")] }),
    );
    expect((await cluster.list(pods, { namespace: "m" })).map((item) => item.metadata.name)).toEqual(["a", "b"]);
    expect(asked[1]).toContain("continue=next+page");
  });

  it("explains a connection that fails by what the cluster's network says", async () => {
    const { cluster } = await serving(reset);
    await expect(cluster.get(pods, "a", "m")).rejects.toMatchObject({
      code: "CLUSTER_UNREACHABLE",
      happened: expect.stringContaining("Its endpoint is private."),
    });
  });
});

describe("a watch", () => {
  const event = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`;
  const list = (version: string, ...items: unknown[]): Handler =>
    json(200, { metadata: { resourceVersion: version }, items });
  const stream =
    (...chunks: readonly string[]): Handler =>
    (_, response) => {
      response.writeHead(200);
      for (const chunk of chunks) response.write(chunk);
      response.end();
    };
  const silent: Handler = (_, response) => void response.writeHead(200).flushHeaders();

  async function watching(cluster: Cluster) {
    const stop = new AbortController();
    const clock = { ...systemClock, sleep: (_: number, signal?: AbortSignal) => systemClock.sleep(1, signal) };
    const ctx = testContext({ clock, signal: stop.signal });
    let changed = () => {};
    const watched = await watchResource<Pod>(cluster, pods, { namespace: "m" }, ctx, () => changed());
    const until = (names: readonly string[]) =>
      expect.poll(() => watched.items().map((item) => item.metadata.name)).toEqual(names);
    closing.push(() => stop.abort());
    changed = () => {};
    return { watched, until, stop };
  }

  it("adds, changes and removes, and goes on where it was after the server ends it", async () => {
    const cut = event("ADDED", pod("b", "6"));
    const { cluster, asked } = await serving(
      list("5", pod("a")),
      stream(cut.slice(0, 20), cut.slice(20), event("BOOKMARK", { metadata: { resourceVersion: "7" } })),
      stream(event("DELETED", pod("a", "8"))),
      silent,
    );
    const { until } = await watching(cluster);
    await until(["b"]);
    expect(asked[2]).toContain("resourceVersion=7");
  });

  it("lists anew when its version is too old", async () => {
    const gone = event("ERROR", { code: 410, reason: "Expired", metadata: {} });
    const { cluster } = await serving(list("5", pod("a")), stream(gone), list("90", pod("c")), silent);
    await (await watching(cluster)).until(["c"]);
  });

  it("survives a connection that breaks in the middle of an event", async () => {
    const half: Handler = (request, response) => {
      response.writeHead(200);
      response.write('{"type":"ADDED","obj', () => request.socket.resetAndDestroy());
    };
    const { cluster } = await serving(list("5"), half, stream(event("ADDED", pod("d", "6"))), silent);
    await (await watching(cluster)).until(["d"]);
  });

  it("ends with the right that is missing instead of asking for ever", async () => {
    const { cluster } = await serving(list("5"), json(403, { message: "forbidden" }));
    const { watched } = await watching(cluster);
    await expect(watched.ended).rejects.toMatchObject({ code: "CLUSTER_FORBIDDEN" });
  });
});

describe("logTail", () => {
  const place = { namespace: "m", pod: "a", container: "c" };

  it("gives the last lines, and none for a container that has not run", async () => {
    const { cluster } = await serving(
      (_, response) => void response.writeHead(200).end("one\r\ntwo\nthree"),
      json(400, { message: "PodInitializing" }),
    );
    const ctx = testContext();
    expect(await logTail(cluster, place, 2, ctx)).toEqual(["two", "three"]);
    expect(await logTail(cluster, place, 2, ctx)).toEqual([]);
  });
});

describe("small things", () => {
  it("splits lines wherever a character is cut", async () => {
    const bytes = Buffer.from("añb\nç\n");
    async function* pieces() {
      for (const byte of bytes) yield Buffer.from([byte]);
    }
    const found: string[] = [];
    for await (const line of lines(pieces())) found.push(line);
    expect(found).toEqual(["añb", "ç"]);
  });

  it("keeps names inside their path", () => {
    expect(pathOf(pods, { namespace: "a/../b", name: "x?y" })).toBe("/api/v1/namespaces/a%2F..%2Fb/pods/x%3Fy");
  });

  it.each([
    [{ publicAccess: false, publicAccessCidrs: [], vpcId: "vpc-1" }, /private.*vpc-1/],
    [{ publicAccess: true, publicAccessCidrs: ["10.0.0.0/8"], vpcId: "vpc-1" }, /lets in only 10\.0\.0\.0\/8/],
    [{ publicAccess: true, publicAccessCidrs: ["0.0.0.0/0"], vpcId: "vpc-1" }, /^$/],
  ])("explains what the network lets in: %j", (described, text) => {
    expect(reachOf(described)).toMatch(text);
  });
});
