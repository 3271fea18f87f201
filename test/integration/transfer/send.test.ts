import { createHash, randomBytes } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createAuthority } from "../../../sandbox/tls.ts";
import { bodyChunkSize } from "../../../src/bytes/chunks.ts";
import { receive, send } from "../../../src/transfer/send.ts";
import { type Loopback, memorySource, type OnRequest, startLoopback } from "./loopback.ts";

let server: Loopback;
afterEach(async () => {
  vi.useRealTimers();
  await server.close();
});

async function start(onRequest: OnRequest): Promise<void> {
  server = await startLoopback(onRequest);
}

const never = new AbortController().signal;
const put = (path = "/blob") => ({
  what: "the test's body",
  method: "PUT",
  url: server.url + path,
  agents: server.agents,
  signal: never,
});

/** Answers with the digest of what came. */
const digesting: OnRequest = (request, response) => {
  const hash = createHash("sha256");
  request.on("data", (chunk) => hash.update(chunk));
  request.on("end", () => response.end(`${request.headers["content-length"]} ${hash.digest("hex")}`));
};

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("send", () => {
  const body = randomBytes(3_500_001);

  it("sends a range of a source whole and in order, with its length", async () => {
    await start(digesting);
    const answer = await send({ ...put(), body: { source: memorySource(body), offset: 7, size: 3_400_000 } });
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toBe(`3400000 ${sha256(body.subarray(7, 3_400_007))}`);
  });

  it("sends bytes at hand, chunks that pass once, and an empty body", async () => {
    await start(digesting);
    async function* chunks() {
      yield body.subarray(0, 10);
      yield body.subarray(10);
    }
    expect((await send({ ...put(), body })).body.toString()).toBe(`${body.length} ${sha256(body)}`);
    expect((await send({ ...put(), body: { chunks: chunks(), size: body.length } })).body.toString()).toBe(
      `${body.length} ${sha256(body)}`,
    );
    expect((await send(put())).body.toString()).toBe(`0 ${sha256(Buffer.alloc(0))}`);
  });

  it("shows every chunk to the caller, so that a digest runs along", async () => {
    await start(digesting);
    const hash = createHash("sha256");
    await send({
      ...put(),
      body: { source: memorySource(body), offset: 0, size: body.length },
      onChunk: (chunk) => void hash.update(chunk),
    });
    expect(hash.digest("hex")).toBe(sha256(body));
  });

  it("uses one connection again and again", async () => {
    await start(digesting);
    for (let i = 0; i < 5; i += 1) await send({ ...put(), body });
    expect(server.connections).toBe(1);
  });

  it("sends path and query as they stand, without normalising what is signed", async () => {
    await start((request, response) => response.end(request.url));
    const url = `${server.url}/a/../b//c%2Fd/%2E%2E/e?x=1%20&y=%2f`;
    expect((await send({ ...put(), method: "GET", url })).body.toString()).toBe("/a/../b//c%2Fd/%2E%2E/e?x=1%20&y=%2f");
  });

  it("never follows a redirect, so that no Authorization goes anywhere else", async () => {
    const seen: string[] = [];
    await start((request, response) => {
      seen.push(request.url ?? "");
      response.writeHead(307, { location: "/elsewhere" }).end();
    });
    const answer = await send({ ...put("/here"), headers: { authorization: "Bearer x" }, body: Buffer.from("x") });
    expect(answer.status).toBe(307);
    expect(answer.headers["location"]).toBe("/elsewhere");
    expect(seen).toEqual(["/here"]);
  });

  it("gives a refusal that comes before the body is sent, and stops sending", async () => {
    await start((request, response) => {
      request.once("data", () => {
        request.pause();
        response.writeHead(403).end("<Code>AccessDenied</Code>");
      });
    });
    let sent = 0;
    const large = { source: memorySource(Buffer.alloc(64 * 1_048_576)), offset: 0, size: 64 * 1_048_576 };
    const answer = await send({
      ...put(),
      body: large,
      onChunk(chunk) {
        sent += chunk.length;
      },
    });
    expect(answer.status).toBe(403);
    expect(answer.body.toString()).toContain("AccessDenied");
    expect(sent).toBeLessThan(64 * 1_048_576);
  });

  it("takes no success that comes before the body is sent", async () => {
    await start((request, response) => {
      request.once("data", () => {
        request.pause();
        response.writeHead(201, { "content-length": 1 }).write("x", () => request.socket.resetAndDestroy());
      });
    });
    const large = { source: memorySource(Buffer.alloc(64 * 1_048_576)), offset: 0, size: 64 * 1_048_576 };
    await expect(send({ ...put(), body: large })).rejects.toMatchObject({ code: "TRANSFER_BROKEN" });
  });

  it("tells a broken connection apart, without the URL's query", async () => {
    await start((request) => request.once("data", () => request.socket.resetAndDestroy()));
    const failure = await send({ ...put("/x?X-Amz-Signature=canary"), body }).catch((error) => error);
    expect(failure).toMatchObject({ code: "TRANSFER_BROKEN" });
    expect(`${failure.message}${failure.stack}`).not.toContain("canary");
  });

  it("tells a server that is not there apart", async () => {
    await start(() => {});
    await server.close();
    await expect(send({ ...put(), body })).rejects.toMatchObject({ code: "TRANSFER_BROKEN", reason: "ECONNREFUSED" });
  });

  it("ends an attempt in which no byte moves, while it sends and while it waits", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let arrived = 0;
    await start((request) => {
      arrived += 1;
      request.pause();
    });
    const endless = { source: memorySource(Buffer.alloc(64 * 1_048_576)), offset: 0, size: 64 * 1_048_576 };
    const attempts = [
      { outgoing: { ...put(), body: endless }, silence: 60_000 },
      { outgoing: { ...put(), body: Buffer.from("x") }, silence: 300_000 },
      { outgoing: { ...put(), body: Buffer.from("x"), patience: 7_000 }, silence: 7_000 },
      { outgoing: { ...put(), method: "GET", stall: 5_000 }, silence: 5_000 },
    ];
    for (const [index, { outgoing, silence }] of attempts.entries()) {
      let ended = false;
      const attempt = send(outgoing).catch((error) => {
        ended = true;
        return error;
      });
      await expect.poll(() => arrived).toBe(index + 1);
      await vi.advanceTimersByTimeAsync(silence - 1_000);
      expect(ended).toBe(false);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(await attempt).toMatchObject({ code: "TRANSFER_STALLED" });
    }
  });

  it("does not count the time that the source of a body takes as silence", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await start(digesting);
    async function* slow() {
      yield Buffer.from("a");
      await vi.advanceTimersByTimeAsync(3_600_000);
      yield Buffer.from("b");
    }
    expect((await send({ ...put(), body: { chunks: slow(), size: 2 } })).status).toBe(200);
  });

  it("ends at once when it is cancelled, while it sends and while it waits", async () => {
    const stop = new AbortController();
    await start((request) => request.resume().once("end", () => stop.abort()));
    await expect(send({ ...put(), body, signal: stop.signal })).rejects.toMatchObject({ code: "CANCELLED" });
    await expect(send({ ...put(), body, signal: stop.signal })).rejects.toMatchObject({ code: "CANCELLED" });
  });

  it("ends with the caller's own error when a hook or a source throws", async () => {
    await start(digesting);
    const broken = {
      ...memorySource(body),
      async read(): Promise<number> {
        throw new Error("the disk is gone");
      },
    };
    await expect(send({ ...put(), body: { source: broken, offset: 0, size: body.length } })).rejects.toThrow(
      "the disk is gone",
    );
  });

  it("refuses a body that is not as long as announced, in either direction", async () => {
    await start(digesting);
    async function* two() {
      yield Buffer.from("ab");
    }
    for (const size of [1, 3])
      await expect(send({ ...put(), body: { chunks: two(), size } })).rejects.toMatchObject({
        code: "TRANSFER_BROKEN",
        reason: "SIZE",
      });
  });

  it("sends nothing to a server whose certificate is not trusted", async () => {
    let seen = 0;
    const { key, cert } = await (await createAuthority()).issue({ names: ["127.0.0.1"] });
    server = await startLoopback(
      (_, response) => {
        seen += 1;
        response.end();
      },
      { key, cert },
    );
    await expect(send({ ...put(), body: Buffer.from("x") })).rejects.toMatchObject({ code: "TRANSFER_TLS" });
    expect(seen).toBe(0);
  });
});

describe("receive", () => {
  const file = randomBytes(2_600_003);
  const get = (path = "/") => ({ ...put(path), method: "GET" });

  it("gives a long body in chunks of one size, and fills a buffer exactly", async () => {
    await start((_, response) => response.end(file));
    const sizes: number[] = [];
    const whole: Buffer[] = [];
    for await (const chunk of (await receive(get())).chunks()) {
      sizes.push(chunk.length);
      whole.push(Buffer.from(chunk));
    }
    expect(sizes.slice(0, -1).every((size) => size === bodyChunkSize)).toBe(true);
    expect(sizes.length).toBe(Math.ceil(file.length / bodyChunkSize));
    expect(Buffer.concat(whole).equals(file)).toBe(true);
    const into = Buffer.alloc(file.length);
    await (await receive(get())).into(into);
    expect(into.equals(file)).toBe(true);
    expect(server.connections).toBe(1);
  });

  it("refuses a body that does not fit the buffer, and one that is cut", async () => {
    await start((request, response) => {
      response.writeHead(200, { "content-length": file.length });
      response.write(file.subarray(0, 100_000), () => request.url === "/cut" && response.destroy());
      if (request.url !== "/cut") response.end(file.subarray(100_000));
    });
    const broken = { code: "TRANSFER_BROKEN" };
    await expect((await receive(get())).into(Buffer.alloc(10))).rejects.toMatchObject(broken);
    await expect((await receive(get())).into(Buffer.alloc(file.length + 1))).rejects.toMatchObject(broken);
    await expect((await receive(get("/cut"))).into(Buffer.alloc(file.length))).rejects.toMatchObject(broken);
  });

  it("ends when the server falls silent in the middle of a body, and when it is cancelled there", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await start((_, response) => {
      response.writeHead(200, { "content-length": 10 });
      response.write("12345");
    });
    const silent = (await receive(get())).bytes().catch((error) => error);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await silent).toMatchObject({ code: "TRANSFER_STALLED" });
    const stop = new AbortController();
    const answer = await receive({ ...get(), signal: stop.signal });
    const reading = answer.bytes();
    stop.abort();
    await expect(reading).rejects.toMatchObject({ code: "CANCELLED" });
  });

  it("does not count the time that the reader takes as silence", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await start((_, response) => response.end(file));
    let read = 0;
    for await (const chunk of (await receive(get())).chunks()) {
      read += chunk.length;
      await vi.advanceTimersByTimeAsync(3_600_000);
    }
    expect(read).toBe(file.length);
  });

  it("closes the connection when a reader leaves early, and cuts an endless text", async () => {
    let closed = 0;
    await start((_, response) => {
      response.once("close", () => {
        closed += 1;
      });
      const more = () => !response.destroyed && response.write(Buffer.alloc(65_536), more);
      more();
    });
    for await (const _ of (await receive(get())).chunks()) break;
    expect((await (await receive(get())).bytes(100_000)).length).toBe(100_000);
    (await receive(get())).discard();
    await expect.poll(() => closed).toBe(3);
  });
});
