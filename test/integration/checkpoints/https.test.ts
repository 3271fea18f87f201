import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startLoopback } from "../transfer/loopback.ts";
import { checkpointFiles, writeTar } from "./archives.ts";
import { mebibyte, startWorld, type World } from "./server.ts";

let world: World;

beforeEach(async () => {
  world = await startWorld({ secure: true });
});
afterEach(async () => {
  expect(world.defects).toEqual([]);
  await world.close();
});

const files = checkpointFiles("laguna", 22 * mebibyte);
const trailing = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
const inputs = () => ({
  checkpoints: `laguna-m=${writeTar(world.workspace, "laguna_m_2611.tar", files)}`,
  "part-size": "5MiB",
});
const payloads = () => world.parts.map(({ payload }) => payload);

function expectAll(): void {
  for (const file of files)
    expect(world.s3.read("models", `checkpoints/laguna-m/laguna_m_2611/${file.path}`)).toEqual(file.content);
  expect(world.s3.uploads("models")).toEqual([]);
}

/** A sync, one request at a time, whose first part S3 refuses; it succeeds all the same. */
async function syncRefusedOnce(status: number, code: string): Promise<void> {
  const answer = { status, body: `<Error><Code>${code}</Code></Error>` };
  world.ground.faults.add({ service: "s3", operation: "UploadPart", effect: { kind: "answer", answer } });
  const ended = await world.sync({ ...inputs(), concurrency: "1" });
  expect(ended.failure).toBeUndefined();
}

describe("parts over https", () => {
  it("are read once, with their checksum behind them", async () => {
    const ended = await world.sync(inputs());
    expect(ended.failure).toBeUndefined();
    expect(new Set(payloads())).toEqual(new Set([trailing]));
    expect(world.parts).toHaveLength(5);
    expect(world.parts.every(({ length }) => length < 5 * mebibyte + 100)).toBe(true);
    expectAll();
  });

  it("are refused where a byte was changed on the way, and sent again", async () => {
    world.ground.faults.add({
      service: "s3",
      operation: "UploadPart",
      nth: 2,
      effect: { kind: "corrupt", at: 1_000_000 },
    });
    const ended = await world.sync(inputs());
    expect(ended.failure).toBeUndefined();
    expectAll();
    expect(
      world.ground.requests.all.filter(({ name, status }) => name === "UploadPart" && status === 400),
    ).toHaveLength(1);
  });

  it("are never committed where every wire changes a byte", async () => {
    world.ground.faults.add({
      service: "s3",
      operation: "UploadPart",
      times: 100,
      effect: { kind: "corrupt", at: 1_000_000 },
    });
    const ended = await world.sync(inputs());
    expect(ended.failure?.code).toBe("CHECKPOINT_CHECKSUM");
    expect(world.s3.list("models").some(({ key }) => key.endsWith("model.safetensors"))).toBe(false);
    expect(world.s3.list("models").some(({ key }) => key.endsWith("manifest.json"))).toBe(false);
  });

  it("that S3 holds already are compared, and not sent again", async () => {
    world.ground.faults.add({ service: "s3", operation: "UploadPart", nth: 3, times: 100, effect: { kind: "reset" } });
    expect((await world.sync({ ...inputs(), concurrency: "1" })).outcome).toBe("failed");
    world.ground.faults.clear();
    const again = await world.sync(inputs());
    expect(again.failure).toBeUndefined();
    expect(again.writes.filter((name) => name === "UploadPart")).toHaveLength(3);
    expectAll();
  });

  it("have it before them, for good, where a server does not know it behind", async () => {
    await syncRefusedOnce(501, "NotImplemented");
    expect(payloads()).toEqual([trailing, ...Array(5).fill("UNSIGNED-PAYLOAD")]);
    expectAll();
  });

  it("are signed whole, for good, where a bucket's policy wants it", async () => {
    await syncRefusedOnce(403, "AccessDenied");
    const [first, ...others] = payloads();
    expect(first).toBe(trailing);
    expect(others).toHaveLength(5);
    for (const payload of others) expect(payload).toMatch(/^[0-9a-f]{64}$/);
    expectAll();
  });

  it("pass from a URL into S3 without lying in memory whole, and continue where its connection breaks", async () => {
    const path = writeTar(world.workspace, "laguna_m_2611.tar", files);
    const bytes = readFileSync(join(world.workspace, path));
    const broken = new Set<string>();
    const server = await startLoopback((request, response) => {
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "")!.map(Number) as [
        number,
        number,
        number,
      ];
      const range = bytes.subarray(from, to + 1);
      response.writeHead(206, {
        etag: '"1"',
        "content-range": `bytes ${from}-${from + range.length - 1}/${bytes.length}`,
        "content-length": range.length,
      });
      const half = range.length > mebibyte && !broken.has(request.headers.range!);
      if (!half) return void response.end(range);
      broken.add(request.headers.range!);
      response.write(range.subarray(0, range.length / 2), () => response.destroy());
    });
    try {
      const ended = await world.sync(
        {
          checkpoints: `laguna-m=env:CHECKPOINT_URL`,
          "part-size": "5MiB",
        },
        { env: { CHECKPOINT_URL: `${server.url}/laguna_m_2611.tar` } },
      );
      expect(ended.failure).toBeUndefined();
      expect(broken.size).toBeGreaterThanOrEqual(5);
      expect(new Set(payloads())).toEqual(new Set([trailing]));
      const { prefix } = ended.outputs["prefixes"]!.match(/s3:\/\/models\/(?<prefix>[^"]+)/)!.groups!;
      for (const file of files) expect(world.s3.read("models", `${prefix}/${file.path}`)).toEqual(file.content);
    } finally {
      await server.close();
    }
  });
});
