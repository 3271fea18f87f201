import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeBundles } from "./bundles.ts";
import { imagesOf, useRegistryWorld } from "./registry-world.ts";

const world = useRegistryWorld();
const canary = "X-Amz-Signature=canary5d1f";
let url: (file: string) => string;
let stop: () => Promise<void>;

/** A server of presigned URLs, as S3 is one: ranges by GET, no HEAD, an ETag. */
beforeEach(async () => {
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? "", "http://127.0.0.1");
    if (request.method !== "GET" || !search.includes(canary)) return void response.writeHead(403).end();
    const bytes = readFileSync(join(world.current.folder, pathname));
    const [, from = "0", to = ""] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? [];
    const end = Math.min(to === "" ? bytes.length - 1 : Number(to), bytes.length - 1);
    response.writeHead(206, {
      etag: '"v1"',
      "content-range": `bytes ${from}-${end}/${bytes.length}`,
      "content-length": end - Number(from) + 1,
    });
    response.end(bytes.subarray(Number(from), end + 1));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = (file) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${file}?${canary}`;
  stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
});
afterEach(() => stop());

describe("a presigned URL", () => {
  it.each(["bundle.tar", "bundle.tar.gz"])("gives %s, and is seen nowhere", async (file) => {
    const { current } = world;
    writeBundles(current.folder);
    const run = await current.push({ bundle: "env:BUNDLE_URL" }, { env: { BUNDLE_URL: url(file) } });
    expect(imagesOf(run)["atlas"]!.state).toBe("pushed");
    const seen = JSON.stringify([
      run.outputs,
      run.summary,
      run.context.recorded.lines,
      run.context.recorded.findings,
      run.context.recorded.events,
      run.context.recorded.remembered,
      readFileSync(run.outputs["report"]!, "utf8"),
      readFileSync(run.outputs["plan"]!, "utf8"),
    ]);
    expect(seen).not.toContain("canary5d1f");
    expect(run.context.recorded.masks).toContain(url(file));
  });
});
