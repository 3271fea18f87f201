import { randomBytes } from "node:crypto";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Aws } from "../../../src/aws/session.ts";
import { chunksOf } from "../../../src/bytes/chunks.ts";
import { crc32 } from "../../../src/bytes/crc.ts";
import { openObject } from "../../../src/transfer/object-source.ts";
import { openBucket } from "../../../src/transfer/s3.ts";
import { fakeClock, testContext } from "../../support/context.ts";
import { account, type S3Server, startS3 } from "../sandbox-s3/server.ts";
import { memorySource } from "./loopback.ts";
import { sessionFor } from "./session.ts";

let server: S3Server;
let aws: Aws;
const bytes = randomBytes(3_000_000);
const key = "in take/ä+b='(1)'!*.tar";
const place = { bucket: "data", key };

beforeEach(async () => {
  server = await startS3();
  aws = await sessionFor(server);
  await server.client().send(new PutObjectCommand({ Bucket: "data", Key: key, Body: bytes }));
});
afterEach(async () => {
  aws.agents.destroy();
  await server.close();
  expect(server.defects).toEqual([]);
});

const context = () => testContext({ clock: fakeClock(Date.now()) });
const gets = () => server.ground.requests.all.filter((request) => request.name === "GetObject");

async function collected(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}

describe("an object in S3 as a source", () => {
  it("is read at random, at its end and beyond", async () => {
    const source = await openObject({ ...place, owner: account }, aws, context());
    expect(source.size).toBe(bytes.length);
    const into = Buffer.alloc(1_000);
    expect(await source.read(1_234_567, into)).toBe(1_000);
    expect(into.equals(bytes.subarray(1_234_567, 1_235_567))).toBe(true);
    expect(await source.read(bytes.length - 10, into)).toBe(10);
    expect(await source.read(bytes.length, into)).toBe(0);
  });

  it("is read in parallel", async () => {
    const source = await openObject(place, aws, context());
    const windows = Array.from({ length: 24 }, (_, index) => index * 125_000);
    const parts = await Promise.all(
      windows.map(async (offset) => {
        const into = Buffer.alloc(125_000);
        await source.read(offset, into);
        return into;
      }),
    );
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
  });

  it("streams a range in one request, and goes on where a connection broke", async () => {
    const source = await openObject(place, aws, context());
    server.ground.faults.add({ service: "s3", operation: "GetObject", effect: { kind: "cut", bytes: 1_500_000 } });
    const read = await collected(chunksOf(source, 100, 2_500_000));
    expect(read.equals(bytes.subarray(100, 2_500_100))).toBe(true);
    expect(gets()).toHaveLength(2);
  });

  it("is told when another object takes its place", async () => {
    const source = await openObject(place, aws, context());
    await server.client().send(new PutObjectCommand({ Bucket: "data", Key: key, Body: randomBytes(3_000_000) }));
    await expect(source.read(0, Buffer.alloc(10))).rejects.toMatchObject({ code: "SOURCE_CHANGED" });
    await expect(collected(chunksOf(source, 0, 10))).rejects.toMatchObject({ code: "SOURCE_CHANGED" });
  });

  it("has another identity after a change", async () => {
    const before = await openObject(place, aws, context());
    await server.client().send(new PutObjectCommand({ Bucket: "data", Key: key, Body: randomBytes(3_000_000) }));
    const after = await openObject(place, aws, context());
    expect(after.identity).not.toBe(before.identity);
  });

  it("is missing", async () => {
    await expect(openObject({ bucket: "data", key: "none" }, aws, context())).rejects.toMatchObject({
      code: "SOURCE_NOT_FOUND",
    });
  });

  it("survives a storm of 503 and honours Retry-After", async () => {
    const ctx = context();
    const answer = { status: 503, headers: { "retry-after": "7" }, body: "<Error><Code>SlowDown</Code></Error>" };
    const source = await openObject(place, aws, ctx);
    server.ground.faults.add({ service: "s3", operation: "GetObject", times: 3, effect: { kind: "answer", answer } });
    const into = Buffer.alloc(100);
    await source.read(5, into);
    expect(into.equals(bytes.subarray(5, 105))).toBe(true);
    expect(ctx.recorded.events.filter((event) => event.kind === "retry")).toHaveLength(3);
    expect((ctx.clock as ReturnType<typeof fakeClock>).sleeps.every((sleep) => sleep >= 7_000)).toBe(true);
  });

  it("gives up after a bounded number of attempts", async () => {
    const source = await openObject(place, aws, context());
    const answer = { status: 503, body: "<Error><Code>SlowDown</Code></Error>" };
    server.ground.faults.add({ service: "s3", operation: "GetObject", times: 100, effect: { kind: "answer", answer } });
    await expect(source.read(5, Buffer.alloc(100))).rejects.toMatchObject({ code: "TRANSFER_REFUSED" });
    expect(gets()).toHaveLength(6);
  });

  it("ends at once when it is cancelled", async () => {
    const source = await openObject(place, aws, context());
    const stop = new AbortController();
    server.ground.faults.add({
      service: "s3",
      operation: "GetObject",
      effect: { kind: "hook", run: () => stop.abort() },
    });
    await expect(source.read(0, Buffer.alloc(10), stop.signal)).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

describe("signed requests to a bucket", () => {
  it("correct a wrong clock once, and then sign with the right time", async () => {
    const bucket = await openBucket(aws, "data", {
      clock: fakeClock(Date.now() - 3_600_000),
      signal: context().signal,
    });
    const call = { what: "the test", method: "HEAD", key } as const;
    expect((await bucket.send(call)).status).toBe(200);
    const before = server.ground.requests.all.length;
    expect((await bucket.send({ ...call, method: "GET" })).status).toBe(200);
    expect(server.ground.requests.all.length - before).toBe(1);
  });

  it("send a range of a source as a part, with its checksum", async () => {
    const bucket = await openBucket(aws, "data", context(), { owner: account });
    const checksum = crc32.base64(crc32.update(bytes.subarray(10, 2_000_010), crc32.empty));
    const answer = await bucket.send({
      what: "the test",
      method: "PUT",
      key: "copy",
      headers: { [crc32.header]: checksum },
      body: { source: memorySource(bytes), offset: 10, size: 2_000_000 },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers[crc32.header]).toBe(checksum);
  });

  it("are refused where the bucket has another owner", async () => {
    const bucket = await openBucket(aws, "data", context(), { owner: "999999999999" });
    expect((await bucket.send({ what: "the test", method: "HEAD", key })).status).toBe(403);
  });
});
