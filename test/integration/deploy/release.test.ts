import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bench, startBench } from "./cluster.ts";

describe.each([3, 4] as const)("helm-deploy with helm %i", (major) => {
  let bench: Bench;

  beforeAll(async () => {
    bench = await startBench(major);
  });

  afterAll(() => bench?.close());

  it("installs the release into a namespace of its own and watches it until the models serve", async () => {
    const run = await bench.deploy({ "laguna-m": { gpus: 4 }, point: {} });
    expect(run.failures).toEqual([]);
    expect(run.outputs).toMatchObject({ status: "deployed", revision: "1", changed: "true" });
    expect(Object.keys(JSON.parse(run.outputs["addresses"]!))).toEqual([
      "laguna-m.dev.example.com",
      "point.dev.example.com",
    ]);
    expect(run.writes.filter((write) => write.includes("leases"))[0]).toMatch(/^create leases/);
    expect(run.writes.at(-1)).toBe("delete leases poolside-models/eks-deploy-inference");
  });

  it("writes nothing and takes no Lease when nothing has changed", async () => {
    const again = await bench.deploy({ "laguna-m": { gpus: 4 }, point: {} });
    expect(again.failures).toEqual([]);
    expect(again.writes).toEqual([]);
    expect(again.outputs).toMatchObject({ status: "unchanged", revision: "1", changes: "0", changed: "false" });
  });

  it("plans a new model by name, with its GPUs, and leaves the others alone", async () => {
    const models = { "laguna-m": { gpus: 4 }, point: {}, "laguna-xs": { gpus: 2 } };
    const plan = await bench.deploy(models, { inputs: { "dry-run": "true" } });
    expect(plan.failures).toEqual([]);
    expect(plan.writes).toEqual([]);
    expect(plan.summary).toContain("`laguna-xs`");
    expect(plan.summary).not.toContain("`laguna-m`");
    const run = await bench.deploy(models, { inputs: { "approved-plan": plan.outputs["plan-sha256"]! } });
    expect(run.failures).toEqual([]);
    expect(run.outputs).toMatchObject({ status: "deployed", revision: "2" });
  });
});
