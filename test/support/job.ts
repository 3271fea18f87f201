import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { parse } from "yaml";
import { runStep, type Step, type StepResult, workspaceOf } from "../../sandbox/runner/step.ts";
import { writeSampleBundle } from "../../sandbox/sample/bundle.ts";
import { writeSampleCheckpoints } from "../../sandbox/sample/checkpoints.ts";
import { sampleModels, sampleSpec } from "../../sandbox/sample/spec.ts";
import type { World } from "../../sandbox/world.ts";

const dist = resolve(import.meta.dirname, "../../dist");

/** A job of GitHub's runner in a world, with the sample bundle, its checkpoints and a spec in its workspace. */
export interface Job {
  readonly folder: string;
  readonly workspace: string;
  /** Inputs that every step of the job gets. */
  readonly inputs: Readonly<Record<string, string>>;
  run(action: string, inputs?: Readonly<Record<string, string>>, more?: Partial<Step>): Promise<StepResult>;
  /** The post step of a main that ended so; `env` of the job's steps. */
  post(action: string, main: StepResult): Promise<StepResult>;
  /** Keeps a step's report where the next steps' `reports` looks. */
  keepReport(action: string, result: StepResult): void;
  remove(): void;
}

/** Those inputs that the action has, as a workflow would give them. */
function declared(action: string, inputs: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const file = resolve(import.meta.dirname, "../../actions", action, "action.yml");
  const known = (parse(readFileSync(file, "utf8")) as { inputs: Readonly<Record<string, unknown>> }).inputs;
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => Object.hasOwn(known, name)));
}

export const jobKey = "canary-api-key-5d1f";

/** `scale` multiplies the sizes of the sample. */
export function createJob(world: World, scale = 0.05): Job {
  const folder = mkdtempSync(join(tmpdir(), "eks-deploy-job-"));
  const workspace = workspaceOf(folder);
  mkdirSync(workspace, { recursive: true });
  writeSampleBundle(join(workspace, "poolside-2611"), scale);
  const checkpoints = writeSampleCheckpoints(join(workspace, "checkpoints"), scale);
  const paths = Object.fromEntries(
    Object.entries(checkpoints).map(([key, path]) => [key, `./${relative(workspace, path)}`]),
  );
  writeFileSync(
    join(workspace, "eks-deploy.yaml"),
    sampleSpec({ ...world.names, bundle: "./poolside-2611", checkpoints: paths }),
  );
  const authority = join(folder, "authority.pem");
  writeFileSync(authority, world.authority);
  const inputs = {
    environment: "dev",
    "api-key": jobKey,
    resolve: sampleModels.map((model) => `${model.host}=127.0.0.1:${world.balancerPort}`).join("\n"),
    "ca-certificate": authority,
  };
  const run: Job["run"] = (action, own = {}, more = {}) =>
    runStep({
      script: join(dist, `${action}.js`),
      job: folder,
      ...more,
      inputs: { ...declared(action, inputs), ...own },
      env: { ...world.env, PATH: `${world.tools}:${process.env["PATH"]}`, ...more.env },
    });
  return {
    folder,
    workspace,
    inputs,
    run,
    post: (action, main) => run(action, {}, { state: main.state }),
    keepReport(action, result) {
      const place = join(folder, "reports", action);
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, "report.json"), readFileSync(result.outputs["report"]!));
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
