import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { Secret } from "../../../src/action/secret.ts";
import { chunksOf } from "../../../src/bytes/chunks.ts";
import { openUrl } from "../../../src/transfer/url-source.ts";
import { fakeClock, testContext } from "../../support/context.ts";
import { type Loopback, type OnRequest, startLoopback } from "./loopback.ts";

const file = randomBytes(2_000_000);
const now = Date.parse("2026-11-24T12:00:00Z");

let servers: Loopback[] = [];
afterEach(async () => {
  for (const server of servers) await server.close();
  servers = [];
});

async function start(onRequest: OnRequest): Promise<Loopback> {
  const server = await startLoopback(onRequest);
  servers.push(server);
  return server;
}

/** Serves ranges of the file, as a good server does. */
function ranges(request: IncomingMessage, response: ServerResponse, etag = '"one"', bytes: Buffer = file): void {
  const [, from = "0", to = ""] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  if (request.headers["if-match"] !== undefined && request.headers["if-match"] !== etag) {
    response.writeHead(412).end();
    return;
  }
  if (bytes.length === 0) {
    response.writeHead(416, { "content-range": "bytes */0" }).end();
    return;
  }
  const piece = bytes.subarray(Number(from), Number(to) + 1);
  response
    .writeHead(206, { etag, "content-range": `bytes ${from}-${to}/${bytes.length}`, "content-length": piece.length })
    .end(piece);
}

function open(
  server: Loopback,
  path = "/model.tar?X-Amz-Signature=canary",
  ctx = testContext({ clock: fakeClock(now) }),
) {
  const url = new Secret(server.url + path);
  return openUrl({ url, label: "model.tar (presigned, env:MODEL_URL)" }, server.agents, ctx);
}

const failure = (opening: Promise<unknown>) =>
  opening.then(
    () => undefined,
    (error) => error,
  );

describe("a URL as a source", () => {
  it("learns its size by a GET, since a presigned GET refuses HEAD, and is read by ranges", async () => {
    const methods: string[] = [];
    const server = await start((request, response) => {
      methods.push(request.method ?? "");
      ranges(request, response);
    });
    const source = await open(server);
    expect(source.size).toBe(file.length);
    const into = Buffer.alloc(1_000);
    await source.read(777, into);
    expect(into.equals(file.subarray(777, 1_777))).toBe(true);
    let read = 0;
    for await (const chunk of chunksOf(source, 0, file.length)) read += chunk.length;
    expect(read).toBe(file.length);
    expect(new Set(methods)).toEqual(new Set(["GET"]));
    expect(methods).toHaveLength(3);
  });

  it("shows its query in no label, identity or error", async () => {
    const server = await start(ranges);
    const source = await open(server);
    expect(`${source.label}${source.identity}${JSON.stringify(source)}`).not.toContain("canary");
    await server.close();
    servers = [];
    const error = await failure(source.read(0, Buffer.alloc(1)));
    expect(error).toMatchObject({ code: "TRANSFER_BROKEN" });
    expect(`${(error as Error).message}${(error as Error).stack}`).not.toContain("canary");
  });

  it("may be empty", async () => {
    const server = await start((request, response) => ranges(request, response, '"e"', Buffer.alloc(0)));
    const source = await open(server);
    expect(source.size).toBe(0);
    expect(await source.read(0, Buffer.alloc(10))).toBe(0);
  });

  it("is refused where the server gives no ranges", async () => {
    for (const head of [{}, { "transfer-encoding": "chunked" }]) {
      const server = await start((_, response) => response.writeHead(200, head).end(file));
      await expect(open(server)).rejects.toMatchObject({ code: "SOURCE_NO_RANGES" });
    }
  });

  it("is told when the file changes, by its ETag, its date or its size", async () => {
    let changed = false;
    const byEtag = await start((request, response) => ranges(request, response, changed ? '"two"' : '"one"'));
    const byWeakEtag = await start((request, response) => ranges(request, response, changed ? 'W/"two"' : 'W/"one"'));
    const bySize = await start((request, response) =>
      ranges(request, response, "", changed ? file.subarray(0, 1_000) : file),
    );
    for (const server of [byEtag, byWeakEtag, bySize]) {
      changed = false;
      const source = await open(server);
      changed = true;
      await expect(source.read(0, Buffer.alloc(10))).rejects.toMatchObject({ code: "SOURCE_CHANGED" });
    }
  });

  it("has expired, by S3's words or by its own times", async () => {
    const words = await start((_, response) =>
      response.writeHead(403).end("<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"),
    );
    const times = await start((_, response) => response.writeHead(403).end());
    const token = await start((_, response) => response.writeHead(400).end("<Error><Code>ExpiredToken</Code></Error>"));
    const past = "/m.tar?X-Amz-Date=20261124T100000Z&X-Amz-Expires=3600&X-Amz-Signature=canary";
    for (const opening of [open(words), open(times, past), open(token)]) {
      const error = (await failure(opening)) as Error;
      expect(error).toMatchObject({ code: "SOURCE_EXPIRED" });
      expect(error.message).not.toContain("canary");
    }
  });

  it("expires in the middle: told at once, not tried again", async () => {
    let expired = false;
    let requests = 0;
    const server = await start((request, response) => {
      requests += 1;
      if (expired) response.writeHead(403).end("<Message>Request has expired</Message>");
      else ranges(request, response);
    });
    const source = await open(server);
    expired = true;
    await expect(source.read(0, Buffer.alloc(10))).rejects.toMatchObject({ code: "SOURCE_EXPIRED" });
    expect(requests).toBe(2);
  });

  it("is denied or missing", async () => {
    const inFuture = "/m.tar?X-Amz-Date=20261124T115959Z&X-Amz-Expires=3600";
    const denied = await start((_, response) => response.writeHead(403).end());
    const missing = await start((_, response) => response.writeHead(404).end());
    await expect(open(denied, inFuture)).rejects.toMatchObject({ code: "SOURCE_DENIED" });
    await expect(open(denied)).rejects.toMatchObject({ code: "SOURCE_DENIED" });
    await expect(open(missing)).rejects.toMatchObject({ code: "SOURCE_NOT_FOUND" });
  });

  it("may lead elsewhere, and no more than five times", async () => {
    const target = await start(ranges);
    const server = await start((_, response) => response.writeHead(302, { location: `${target.url}/real` }).end());
    expect((await open(server)).size).toBe(file.length);
    const circle = await start((_, response) => response.writeHead(302, { location: "/again" }).end());
    await expect(open(circle)).rejects.toMatchObject({ code: "SOURCE_REFUSED" });
  });

  it("continues where a broken connection ended, and gives up where nothing comes any more", async () => {
    let cut = 0;
    const server = await start((request, response) => {
      if (request.headers.range === "bytes=0-0") return ranges(request, response);
      cut += 1;
      const [, from = "0", to = "0"] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
      const piece = file.subarray(Number(from), Number(to) + 1);
      response.writeHead(206, {
        "content-range": `bytes ${from}-${to}/${file.length}`,
        "content-length": piece.length,
      });
      if (piece.length > 300_000) response.write(piece.subarray(0, 300_000), () => response.destroy());
      else response.end(piece);
    });
    const source = await open(server);
    const read: Buffer[] = [];
    for await (const chunk of chunksOf(source, 0, file.length)) read.push(Buffer.from(chunk));
    expect(Buffer.concat(read).equals(file)).toBe(true);
    expect(cut).toBeGreaterThan(1);

    const silent = await start((request, response) => {
      if (request.headers.range === "bytes=0-0") return ranges(request, response);
      response.writeHead(206, { "content-range": `bytes 0-99/${file.length}`, "content-length": 100 });
      response.flushHeaders();
      response.destroy();
    });
    const dead = await open(silent);
    const reading = async () => {
      for await (const _ of chunksOf(dead, 0, 100));
    };
    await expect(reading()).rejects.toMatchObject({ code: "TRANSFER_BROKEN" });
  });
});
