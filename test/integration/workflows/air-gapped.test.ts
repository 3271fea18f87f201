import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Workflow, workflowOf } from "../../unit/workflows/files.ts";
import { logOf, openPlace, type Place, told } from "./place.ts";
import { runWorkflow } from "./run-workflow.ts";

let place: Place;
let proxy: Server;
/** Places that the proxy was asked for, as `host:port`. */
const asked: string[] = [];

beforeAll(async () => {
  place = await openPlace();
  proxy = createServer().on("connect", ({ url = "" }, socket) => {
    asked.push(url);
    const [host, port] = url.split(":");
    const upstream = connect(Number(port), host, () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    socket.pipe(upstream).pipe(socket);
    socket.on("error", () => upstream.destroy());
    upstream.on("error", () => socket.destroy());
  });
  await new Promise<void>((listening) => proxy.listen(0, "127.0.0.1", listening));
});

afterAll(async () => {
  expect(place?.world.defects ?? []).toEqual([]);
  proxy?.closeAllConnections();
  proxy?.close();
  await place?.close();
});

/** The example with this machine's proxy, share and authority in place of the company's. */
function here(): Workflow {
  const { port } = proxy.address() as AddressInfo;
  const text = JSON.stringify(workflowOf("workflows-examples/air-gapped.yml"))
    .replaceAll("http://proxy.corp.example:3128", `http://127.0.0.1:${port}`)
    .replaceAll("/mnt/intake/poolside-2611", join(place.folder, "bundle"))
    .replaceAll("/etc/ssl/certs/corp-root.pem", join(place.folder, "authority.pem"));
  return JSON.parse(text) as Workflow;
}

it("air-gapped.yml releases from a share, through a proxy, with the company's own authority", {
  timeout: 180_000,
}, async () => {
  const { world } = place;
  const run = await runWorkflow(here(), place.call("air-gapped", {}, ["production"]));
  expect(told(run), logOf(run)).toEqual(["release: success"]);
  expect(run.jobs[0]!.steps[0]!.outputs).toMatchObject({ passed: "true", status: "deployed" });
  // AWS and the registry are asked over plain http here, for which the example names no proxy.
  const ways = [new URL(world.cluster.endpoint).host, `127.0.0.1:${world.balancerPort}`];
  expect([...new Set(asked)].sort()).toEqual(ways.sort());
});
