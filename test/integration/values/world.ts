import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sampleModels } from "../../../sandbox/sample/spec.ts";
import { startWorld, type World } from "../../../sandbox/world.ts";
import { runAction } from "../../../src/action/run.ts";
import { renderValues } from "../../../src/actions/render-values/index.ts";
import { fakeClock, testContext } from "../../support/context.ts";
import { type TestRunner, testRunner } from "../../support/runner.ts";
import { sampleChart } from "../../unit/values/support.ts";
import { layRelease } from "../sandbox-world/lay.ts";

/** A workspace with the sample's chart and a spec, in a world whose bucket and registry hold what the spec names. */
export interface Bench {
  readonly world: World;
  readonly workspace: string;
  /** Writes the spec; `over` replaces lines of it. */
  spec(...over: readonly (readonly [string, string])[]): void;
  run(inputs?: Readonly<Record<string, string>>): Promise<TestRunner>;
  close(): Promise<void>;
}

export const roleArn = "arn:aws:iam::210987654321:role/inference-pod-role";

export async function startBench(): Promise<Bench> {
  const world = await startWorld({ pace: 0.01 });
  layRelease(world);
  Object.assign(process.env, world.env);
  const folder = mkdtempSync(join(tmpdir(), "eks-deploy-values-"));
  const workspace = join(folder, "work");
  const chart = join(workspace, "charts", "inference");
  for (const [path, content] of sampleChart().files) {
    mkdirSync(join(chart, path, ".."), { recursive: true });
    writeFileSync(join(chart, path), content);
  }
  const { names } = world;
  const models = sampleModels.map(
    ({ key, modelName, modelType, gpus, host }) =>
      `    ${key}: { prefix: "s3://${names.bucket}/checkpoints/${key}", modelName: ${modelName}, modelType: ${modelType}, gpus: ${gpus}, host: ${host} }`,
  );
  const plain = `version: 1
defaults:
  aws: { region: ${names.region}, account: "${names.account}" }
  ingress: { scheme: internet-facing, certificateArn: "${names.certificateArn}" }
  authentication: { secretName: vllm-auth }
  models:
${models.join("\n")}
`;
  const bench: Bench = {
    world,
    workspace,
    spec(...over) {
      const text = over.reduce((before, [from, to]) => before.replace(from, to), plain);
      writeFileSync(join(workspace, "eks-deploy.yaml"), text);
    },
    async run(inputs = {}) {
      const ambient = { workspace, temp: join(folder, "temp"), path: world.tools };
      const runner = testRunner(
        {
          chart: "./charts/inference",
          "identity-values": JSON.stringify({
            serviceAccount: { create: true, name: "inference", annotations: { "eks.amazonaws.com/role-arn": roleArn } },
          }),
          ...inputs,
        },
        testContext({ ambient, clock: fakeClock(Date.now()) }),
      );
      mkdirSync(ambient.temp, { recursive: true });
      await runAction(renderValues, runner);
      return runner;
    },
    async close() {
      await world.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  bench.spec();
  return bench;
}
