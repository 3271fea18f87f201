import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createAuthority } from "../../../sandbox/tls.ts";
import type { Event } from "../../../src/action/context.ts";
import { Secret } from "../../../src/action/secret.ts";
import { openFile } from "../../../src/bytes/file.ts";
import { ConnectionFailed } from "../../../src/transfer/failure.ts";
import { type SendingThreads, sendingThreads } from "../../../src/transfer/sending-threads.ts";
import type { PlacedRequest, Sent } from "../../../src/transfer/thread-messages.ts";
import { openUrl } from "../../../src/transfer/url-source.ts";
import { testAmbient, testContext } from "../../support/context.ts";
import { type Loopback, type OnRequest, startLoopback } from "./loopback.ts";

const bytes = randomBytes(3_500_001);
const never = new AbortController().signal;

let folder: string;
let file: string;
let authority: string;
let server: Loopback;
let threads: SendingThreads;
let events: Event[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "eks-deploy-threads-"));
  file = join(folder, "weights");
  authority = join(folder, "authority.pem");
  writeFileSync(file, bytes);
});
afterEach(async () => {
  await threads.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

async function start(onRequest: OnRequest, { trusted = true, count = 1 } = {}): Promise<void> {
  const { certificate, issue } = await createAuthority();
  writeFileSync(authority, certificate);
  server = await startLoopback(onRequest, { ...(await issue({ names: ["127.0.0.1"] })), authority });
  const ambient = { ...testAmbient(), extraRoots: trusted ? [authority] : [] };
  events = [];
  threads = sendingThreads({ ambient, emit: (event) => void events.push(event) }, 8, count);
}

async function request(range: { offset?: number; size?: number } = {}): Promise<PlacedRequest> {
  const source = await openFile(file, "weights");
  await source.close();
  const { offset = 0, size = bytes.length - offset } = range;
  return {
    what: "the test's part",
    method: "PUT",
    url: `${server.url}/part?X-Amz-Signature=canary`,
    headers: { "x-test": "yes" },
    place: { ...source.place!()!, offset },
    size,
  };
}

/** What a thread makes of a request, while this one is busy. */
async function sent(what: PlacedRequest, signal = never): Promise<Sent | undefined> {
  const end = Promise.withResolvers<undefined>();
  const own = threads.share(
    () => end.promise,
    () => expect.unreachable(),
  );
  try {
    return await threads.share<Sent | undefined>(
      async () => undefined,
      (sender) => sender.send(what, signal),
    );
  } finally {
    end.resolve(undefined);
    await own;
  }
}

/** Answers with the body that came. */
const echoing: OnRequest = (request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks);
    const from = body.indexOf("\r\n") + 2;
    response.setHeader("etag", '"one"');
    response.setHeader("sum", crc32(body.subarray(from, body.indexOf("\r\n0\r\n", body.length - 60))));
    response.end(body.subarray(-60));
  });
};

describe("sending threads", () => {
  it("send a range of a file with its checksum behind it, and tell that and the answer", async () => {
    await start(echoing);
    const sum = crc32(bytes.subarray(7, 3_400_007));
    const { answer, crc } = (await sent(await request({ offset: 7, size: 3_400_000 })))!;
    expect(crc).toBe(BigInt(sum));
    expect(answer).toMatchObject({ status: 200, headers: { etag: '"one"', sum: String(sum) } });
    expect(Buffer.from(answer.body).toString()).toContain("\r\n0\r\nx-amz-checksum-crc32:");
  });

  it("read what lies behind a URL, and continue where its connection broke", async () => {
    let broken = false;
    await start((incoming, response) => {
      if (incoming.method === "PUT") return echoing(incoming, response);
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(incoming.headers.range ?? "")!.map(Number);
      const range = bytes.subarray(from, to! + 1);
      const head = { "content-range": `bytes ${from}-${to}/${bytes.length}`, "content-length": range.length };
      response.writeHead(206, { ...head, etag: '"1"' });
      if (broken || range.length === 1) return response.end(range);
      broken = true;
      return response.write(range.subarray(0, 1_000_000), () => response.destroy());
    });
    const url = new Secret(`${server.url}/weights?X-Amz-Signature=canary`);
    const source = await openUrl({ url, label: "the weights" }, server.agents, testContext());
    const place = { ...source.place!()!, offset: 1_000 };
    const { answer, crc } = (await sent({ ...(await request()), place, size: 3_000_000 }))!;
    expect(crc).toBe(BigInt(crc32(bytes.subarray(1_000, 3_001_000))));
    expect(answer).toMatchObject({ status: 200, headers: { sum: String(crc) } });
    expect(events).toMatchObject([{ kind: "retry", what: "reading the weights", attempt: 1 }]);
    expect(JSON.stringify(events)).not.toContain("canary");
  });

  it("share the work with the caller's own, by what each has under way", async () => {
    await start(echoing, { count: 2 });
    const where: string[] = [];
    const ends: (() => void)[] = [];
    const until = (place: string) => () => {
      where.push(place);
      return new Promise<void>((resolve) => ends.push(resolve));
    };
    const one = () => threads.share(until("here"), until("there"));
    const all = Array.from({ length: 6 }, one);
    expect(where.filter((at) => at === "here")).toHaveLength(2);
    const here = where.indexOf("here");
    ends[here]!();
    await all[here];
    const next = one();
    expect(where.at(-1)).toBe("here");
    for (const end of ends) end();
    await Promise.all([...all, next]);
  });

  it("send nothing by themselves where there is one processor", async () => {
    await start(echoing, { count: 0 });
    expect(await sent(await request())).toBeUndefined();
  });

  it("tell a refusal that comes before the body is sent", async () => {
    await start((incoming, response) => {
      incoming.once("data", () => {
        incoming.pause();
        response.writeHead(403).end("<Code>AccessDenied</Code>");
      });
    });
    writeFileSync(file, Buffer.alloc(64 * 1_048_576));
    const refused = await sent(await request({ size: 64 * 1_048_576 }));
    expect(refused).toMatchObject({ answer: { status: 403 }, crc: undefined });
  });

  it("tell a broken connection as the process does, without the URL's query", async () => {
    await start((incoming) => incoming.once("data", () => incoming.socket.destroy()));
    const failure: ConnectionFailed = await sent(await request()).then(
      () => expect.unreachable(),
      (error) => error,
    );
    expect(failure).toBeInstanceOf(ConnectionFailed);
    expect(failure.code).toBe("TRANSFER_BROKEN");
    expect(failure.happened).toMatch(/^the test's part: the connection broke \((ECONNRESET|EPIPE)\)\.$/);
    expect(`${failure.message}${failure.stack}`).not.toContain("canary");
  });

  it("send nothing to a server whose certificate is not trusted", async () => {
    let came = false;
    await start(() => (came = true), { trusted: false });
    await expect(sent(await request())).rejects.toMatchObject({ code: "TRANSFER_TLS" });
    expect(came).toBe(false);
  });

  it("refuse a file that is another one than was opened, or gone", async () => {
    await start(echoing);
    const before = await request();
    writeFileSync(file, bytes.subarray(1));
    await expect(sent(before)).rejects.toMatchObject({ code: "SOURCE_CHANGED", name: "UserError" });
    rmSync(file);
    await expect(sent(before)).rejects.toMatchObject({ code: "SOURCE_NOT_FOUND" });
  });

  it("let go at once of what is cancelled", async () => {
    const stop = new AbortController();
    const closed = Promise.withResolvers<void>();
    await start((incoming) => {
      incoming.resume().once("end", () => stop.abort());
      incoming.socket.once("close", () => closed.resolve());
    });
    await expect(sent(await request(), stop.signal)).rejects.toMatchObject({ code: "CANCELLED" });
    await closed.promise;
    await expect(sent(await request(), stop.signal)).rejects.toMatchObject({ code: "CANCELLED" });
  });

  it("that end in the middle are a broken connection, and another one begins", async () => {
    let answers = false;
    await start((incoming, response) => {
      if (answers) return echoing(incoming, response);
      incoming.once("data", () => void threads.close());
    });
    await expect(sent(await request())).rejects.toMatchObject({ code: "TRANSFER_BROKEN", reason: "THREAD" });
    answers = true;
    expect(await sent(await request())).toMatchObject({ answer: { status: 200 } });
  });
});
