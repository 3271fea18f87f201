import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sampleTags } from "../../sandbox/sample/bundle.ts";
import { apiKey, Bench, registry } from "./bench.ts";
import { type RealCluster, startCluster } from "./cluster.ts";
import { simulatedDigest } from "./pods.ts";

const image = `${registry}/atlas:${sampleTags.atlas}`;
const digests = (digest: string) => ({
  "image-digests": JSON.stringify({ atlas: { repository: "atlas", tag: sampleTags.atlas, digest } }),
});

let cluster: RealCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster?.close());

describe.each([3, 4] as const)("helm-deploy with helm %i on a real control plane", (major) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.open(cluster, `release-${major}`, major);
  });
  afterAll(() => bench?.close());

  const models = { "laguna-m": { gpus: 2 }, point: {} };

  it("installs into a namespace of its own, sees the planned bytes run, and gives the Lease back", async () => {
    const run = await bench.deploy(models, { inputs: digests(simulatedDigest(image)) });
    expect(run.failures).toEqual([]);
    expect(run.outputs).toMatchObject({ status: "deployed", revision: "1", changed: "true" });
    expect(Object.keys(JSON.parse(run.outputs["addresses"]!))).toEqual([
      "laguna-m.dev.example.com",
      "point.dev.example.com",
    ]);
    expect(run.writes).toContain(`create namespaces ${bench.namespace}`);
    expect(run.writes.filter((write) => write.includes("leases"))[0]).toMatch(/^create leases/);
    expect(run.writes.at(-1)).toBe(`delete leases ${bench.namespace}/eks-deploy-inference`);
    expect(await bench.leases()).toEqual([]);
    for (const pod of await bench.pods())
      for (const status of pod["status"].containerStatuses) expect(status.imageID).toContain(simulatedDigest(image));
  });

  it("writes nothing when nothing has changed, as the API server's own log says", async () => {
    const again = await bench.deploy(models, { inputs: digests(simulatedDigest(image)) });
    expect(again.failures).toEqual([]);
    expect(again.writes).toEqual([]);
    expect(again.outputs).toMatchObject({ status: "unchanged", revision: "1", changes: "0", changed: "false" });
  });

  it("plans a new model without a write, and upgrades by that plan alone", async () => {
    const more = { ...models, "laguna-xs": {} };
    const plan = await bench.deploy(more, { inputs: { "dry-run": "true" } });
    expect(plan.failures).toEqual([]);
    expect(plan.writes).toEqual([]);
    expect(plan.summary).toContain("`laguna-xs`");
    const before = await bench.podNames();
    const run = await bench.deploy(more, { inputs: { "approved-plan": plan.outputs["plan-sha256"]! } });
    expect(run.failures).toEqual([]);
    expect(run.outputs).toMatchObject({ status: "deployed", revision: "2" });
    expect(await bench.podNames()).toEqual(expect.arrayContaining([...before]));
  });

  it("restarts what reads the key when the key changes, and nothing else", async () => {
    const more = { ...models, "laguna-xs": {} };
    const run = await bench.deploy(more, { inputs: { "api-key": "another-key-9182" } });
    expect(run.failures).toEqual([]);
    expect(run.outputs).toMatchObject({ status: "deployed", revision: "2" });
    const again = await bench.deploy(more, { inputs: { "api-key": "another-key-9182" } });
    expect(again.failures).toEqual([]);
    expect(again.writes).toEqual([]);
  });

  it("fails where a pod runs other bytes than were pushed, and rolls back", async () => {
    const changed = { point: { values: { extraArgs: ["--max-model-len=1000"] } } };
    const run = await bench.deploy(changed, { inputs: digests(`sha256:${"0".repeat(64)}`) });
    expect(run.failures).toMatchObject([{ code: "DEPLOY_IMAGE_DIFFERS" }]);
    expect(run.outputs).toMatchObject({ status: "rolled-back", "rolled-back-to": "2" });
  });

  it("keeps the key out of everything that it says and leaves behind", async () => {
    const run = await bench.deploy({ point: {} }, { inputs: { "dry-run": "true" } });
    const secrets = await cluster.api.list(`${bench.path("v1", "secrets")}?labelSelector=owner%3Dhelm`);
    for (const text of [
      ...run.context.recorded.lines,
      run.summary,
      JSON.stringify(run.outputs),
      JSON.stringify(secrets),
    ])
      expect(text).not.toContain(apiKey);
  });
});
