import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Bench, startBench } from "./world.ts";

describe("render-values beside a live release", () => {
  let bench: Bench;
  const near = () => ({ cluster: bench.world.names.cluster });

  beforeAll(async () => {
    bench = await startBench();
    const { kubernetes, access, tools } = bench.world;
    const kubeconfig = join(bench.workspace, "kubeconfig");
    writeFileSync(kubeconfig, kubernetes.kubeconfig(access.adminToken));
    expect((await bench.run()).failures).toEqual([]);
    const where = ["--namespace", "poolside-models", "--create-namespace", "--values", "inference_values.yaml"];
    await promisify(execFile)(join(tools, "helm"), ["install", "inference", "charts/inference", ...where], {
      cwd: bench.workspace,
      env: { HOME: bench.workspace, KUBECONFIG: kubeconfig, HELM_NO_PLUGINS: "1" },
    });
  });
  afterAll(() => bench.close());
  beforeEach(() => bench.spec());

  it("says that the live release has exactly these values", async () => {
    const runner = await bench.run(near());
    expect(runner.failures).toEqual([]);
    expect(runner.context.recorded.findings).toEqual([]);
    expect(runner.summary).toContain("The live release has exactly these values.");
  });

  it("shows what differs from the live values, and warns of a new load balancer", async () => {
    bench.spec(["scheme: internet-facing", "scheme: internal"]);
    const runner = await bench.run(near());
    expect(runner.summary).toContain("-    alb.ingress.kubernetes.io/scheme: internet-facing");
    expect(runner.summary).toContain("+    alb.ingress.kubernetes.io/scheme: internal");
    expect(runner.context.recorded.findings).toEqual([
      expect.objectContaining({ code: "VALUES_ADDRESS_CHANGES", at: expect.objectContaining({ line: 4 }) }),
    ]);
  });

  it("leaves models outside of `only` as they are live", async () => {
    bench.spec(["gpus: 4", "gpus: 8"], ["modelName: Point", "modelName: Pointer"]);
    const runner = await bench.run({ ...near(), only: "point" });
    expect(runner.failures).toEqual([]);
    const models = JSON.parse(runner.outputs["rendered-models"]!) as { key: string; gpus: number; modelName: string }[];
    expect(models.map(({ key, gpus, modelName }) => `${key} ${gpus} ${modelName}`)).toEqual([
      "laguna-m 4 Laguna",
      "laguna-xs 1 Laguna",
      "point 1 Pointer",
    ]);
  });

  it("refuses `only` where the live release cannot be read, and goes on without it otherwise", async () => {
    expect((await bench.run({ only: "point" })).failures[0]?.code).toBe("VALUES_ONLY_NOT_LIVE");
    const elsewhere = await bench.run({ cluster: "nowhere" });
    expect(elsewhere.failures).toEqual([]);
    expect(elsewhere.context.recorded.findings.map(({ code }) => code)).toEqual(["VALUES_NOT_LOOKED_AT"]);
  });
});
