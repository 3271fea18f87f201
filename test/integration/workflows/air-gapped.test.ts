import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type CompanyProxy, startProxy } from "../../support/proxy.ts";
import { type Workflow, workflowOf } from "../../unit/workflows/files.ts";
import { logOf, openPlace, type Place, told } from "./place.ts";
import { runWorkflow } from "./run-workflow.ts";

let place: Place;
let proxy: CompanyProxy;

beforeAll(async () => {
  place = await openPlace();
  proxy = await startProxy();
});

afterAll(async () => {
  expect(place?.world.defects ?? []).toEqual([]);
  proxy?.close();
  await place?.close();
});

/** The example with this machine's proxy, share and authority in place of the company's. */
function here(): Workflow {
  const text = JSON.stringify(workflowOf("workflows-examples/air-gapped.yml"))
    .replaceAll("http://proxy.corp.example:3128", proxy.url)
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
  expect([...new Set(proxy.asked)].sort()).toEqual(ways.sort());
});
