/**
 * `npm run demo`: a whole release against the sandbox, through the same dist/ that GitHub's runner loads; then everything again, to show that nothing is written.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { runStep, type StepResult, workspaceOf } from "../runner/step.ts";
import { writeSampleBundle } from "../sample/bundle.ts";
import { writeSampleCheckpoints } from "../sample/checkpoints.ts";
import { sampleModels, sampleSpec } from "../sample/spec.ts";
import { startWorld, type World } from "../world.ts";
import { askModel } from "./ask.ts";
import { summaryPage } from "./page.ts";

const root = resolve(import.meta.dirname, "../..");
const output = resolve("demo-output");
const job = join(output, "job");
const workspace = workspaceOf(job);
const singles = [
  "push-images",
  "sync-checkpoints",
  "ensure-irsa",
  "render-values",
  "helm-deploy",
  "smoke-test",
] as const;
const apiKey = "demo-key-7f3a9c51";

function say(line = ""): void {
  process.stdout.write(`${line}\n`);
}

function layOut(world: World): void {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(workspace, { recursive: true });
  writeSampleBundle(join(workspace, "poolside-2611"));
  const checkpoints = writeSampleCheckpoints(join(workspace, "checkpoints"));
  const paths = Object.fromEntries(
    Object.entries(checkpoints).map(([key, path]) => [key, `./${relative(workspace, path)}`]),
  );
  writeFileSync(
    join(workspace, "eks-deploy.yaml"),
    sampleSpec({ ...world.names, bundle: "./poolside-2611", checkpoints: paths }),
  );
  writeFileSync(join(output, "authority.pem"), world.authority);
}

function step(
  world: World,
  name: string,
  inputs: Readonly<Record<string, string>>,
  quiet: boolean,
): Promise<StepResult> {
  return runStep({
    script: join(root, "dist", `${name}.js`),
    inputs: {
      environment: "dev",
      "api-key": apiKey,
      resolve: sampleModels.map((model) => `${model.host}=127.0.0.1:${world.balancerPort}`).join("\n"),
      "ca-certificate": join(output, "authority.pem"),
      ...inputs,
    },
    env: { ...world.env, PATH: `${world.tools}:${process.env["PATH"]}` },
    job,
    onLine: quiet ? undefined : (line) => say(`  ${line}`),
  });
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`;
}

function mustPass(result: StepResult, name: string): void {
  if (result.status === 0) return;
  say(result.log.map((line) => `  ${line}`).join("\n"));
  throw new Error(`${name} ended with status ${result.status}`);
}

async function demo(world: World): Promise<readonly string[]> {
  layOut(world);
  say("A release of three models: dist/release.js, as GitHub's runner starts it");
  say();
  const first = await step(world, "release", {}, false);
  mustPass(first, "release");
  const written = world.requests.writes().length;
  say();
  say(`→ ${first.outputs["headline"]}`);
  say(
    `  ${seconds(first.milliseconds)}, ${world.requests.all.length} requests, ${written} of them writes, record ${first.outputs["record-sha256"]?.slice(0, 12)}`,
  );

  say();
  say("Again, one action at a time and then as a whole: nothing may be written");
  const reports = join(job, "reports");
  const mark = world.requests.all.length;
  for (const name of [...singles, "release"]) {
    const before = world.requests.all.length;
    const result = await step(world, name, name === "release" ? {} : { reports }, true);
    mustPass(result, name);
    mkdirSync(join(reports, name), { recursive: true });
    if (name !== "release") writeFileSync(join(reports, name, "report.json"), readFileSync(result.outputs["report"]!));
    say(
      `  ${name.padEnd(17)} ${seconds(result.milliseconds).padStart(6)}  ${world.requests.writes(before).length} writes  ${result.outputs["headline"]}`,
    );
  }
  const again = world.requests.writes(mark);
  if (again.length > 0)
    throw new Error(
      `the second run wrote: ${again.map((request) => `${request.service} ${request.name} ${request.resource}`).join(", ")}`,
    );

  say();
  const [model] = sampleModels;
  say(`curl https://${model.host}/v1/chat/completions   (through the load balancer, with the key)`);
  say(`  ${await askModel(model.host, world.balancerPort, world.authority, apiKey, model.modelName)}`);

  writeFileSync(join(output, "summary.html"), summaryPage("eks-deploy: job summary", [first.summary]));
  writeFileSync(join(output, "inference_values.yaml"), readFileSync(resolve(workspace, first.outputs["values-file"]!)));
  writeFileSync(
    join(output, "release-record.json"),
    `${JSON.stringify(JSON.parse(readFileSync(first.outputs["record"]!, "utf8")), null, 2)}\n`,
  );
  return ["summary.html", "inference_values.yaml", "release-record.json"];
}

const started = performance.now();
say("Starting the sandbox: AWS, a registry, Kubernetes, model servers ...");
const world = await startWorld({ pace: 0.05 });
try {
  const files = await demo(world);
  say();
  say(`Done in ${seconds(performance.now() - started)}. Look at:`);
  for (const file of files) say(`  ${relative(process.cwd(), join(output, file))}`);
} catch (error) {
  say();
  say(`The demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  for (const defect of world.defects) say(`sandbox: ${defect instanceof Error ? defect.message : String(defect)}`);
  await world.close();
}
