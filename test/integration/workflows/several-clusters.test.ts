import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { workflowOf } from "../../unit/workflows/files.ts";
import { type Clusters, layClusters } from "./clusters.ts";
import { logOf, openPlace, type Place, told } from "./place.ts";
import { runWorkflow } from "./run-workflow.ts";

const several = workflowOf("workflows-examples/several-clusters.yml");
const environments = ["production-us", "production-eu", "production-ap"];

let place: Place;
let clusters: Clusters;

beforeAll(async () => {
  place = await openPlace();
  clusters = await layClusters(place, environments);
}, 180_000);

afterAll(async () => {
  expect(place?.world.defects ?? []).toEqual([]);
  await place?.close();
});

describe("several-clusters.yml", { timeout: 240_000 }, () => {
  it("releases the others where one cluster's bucket cannot be written", async () => {
    const body = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    place.world.faults.add({
      service: "s3",
      operation: /^(PutObject|CreateMultipartUpload)$/,
      resource: /acme-models-production-eu\/checkpoints/,
      times: 99,
      effect: { kind: "answer", answer: { status: 403, headers: {}, body } },
    });
    const run = await runWorkflow(several, clusters.call("several"));
    place.world.faults.clear();
    const deployed = environments.map((name) => `release (${name}) / deploy: success`);
    expect(
      told(run).filter((line) => line.includes("/ deploy")),
      logOf(run),
    ).toEqual([deployed[0], deployed[2]]);
    expect(run.result("release")).toBe("failure");
    expect(told(run)).toContain("release (production-eu) / sync-checkpoints (point): failure");
  });

  it("brings the one that is missing when it runs again, pushes no image a second time, and leaves the rest", async () => {
    const mark = place.world.requests.all.length;
    const run = await runWorkflow(several, clusters.call("several"));
    expect(run.result("release"), logOf(run)).toBe("success");
    const writes = place.world.requests.writes(mark);
    expect(writes.filter(({ service }) => service === "registry")).toEqual([]);
    const buckets = writes.filter(({ service }) => service === "s3").map(({ resource }) => resource.split("/")[0]);
    expect([...new Set(buckets)]).toEqual(["acme-models-production-eu"]);
  });
});
