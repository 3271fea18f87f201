import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sampleCheckpoints } from "../../../sandbox/sample/checkpoints.ts";
import { sampleModels, sampleSpec } from "../../../sandbox/sample/spec.ts";
import { tarOf } from "../../../sandbox/sample/tar.ts";
import { startWorld, type World } from "../../../sandbox/world.ts";
import { writeBundles } from "../images/bundles.ts";
import type { Call, WorkflowRun } from "./run-workflow.ts";

export const apiKey = "canary-api-key-9b2e";

/** A world whose bucket holds the sample bundle and its checkpoints, as archives, and folders for the runs of workflows. */
export interface Place {
  readonly world: World;
  readonly folder: string;
  readonly bucket: string;
  /** What a workflow is run with; runs of one name share their artifacts. `environments` are those of the spec, all alike. */
  call(name: string, over?: Partial<Call>, environments?: readonly string[]): Call;
  close(): Promise<void>;
}

const scale = 0.05;

export async function openPlace(): Promise<Place> {
  const world = await startWorld({ pace: 0.02, helm: 4 });
  const folder = mkdtempSync(join(tmpdir(), "eks-deploy-workflow-"));
  writeBundles(folder, scale);
  const { bucket } = world.names;
  for (const kind of ["tar", "tar.gz"])
    world.aws.s3.put(bucket, `intake/poolside-2611.${kind}`, readFileSync(join(folder, `bundle.${kind}`)));
  for (const { file, entries } of sampleCheckpoints(scale)) world.aws.s3.put(bucket, `intake/${file}`, tarOf(entries));
  writeFileSync(join(folder, "authority.pem"), world.authority);
  return {
    world,
    folder,
    bucket,
    call(name, over = {}, environments = ["dev"]) {
      const place = join(folder, name);
      mkdirSync(place, { recursive: true });
      return {
        folder: place,
        inputs: {},
        secrets: { VLLM_API_KEY: apiKey },
        files: { "eks-deploy.yaml": specOf(world, environments) },
        env: { ...world.env, PATH: `${world.tools}:${process.env["PATH"]}` },
        network: {
          resolve: sampleModels.map((model) => `${model.host}=127.0.0.1:${world.balancerPort}`).join("\n"),
          "ca-certificate": join(folder, "authority.pem"),
        },
        ...over,
      };
    },
    async close() {
      await world.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function specOf(world: World, environments: readonly string[]): string {
  const { bucket } = world.names;
  const checkpoints = sampleCheckpoints(scale).map(({ key, file }) => [key, `s3://${bucket}/intake/${file}`]);
  const bundle = `s3://${bucket}/intake/poolside-2611.tar`;
  const text = sampleSpec({ ...world.names, bundle, checkpoints: Object.fromEntries(checkpoints) });
  return text.replace("  dev: {}\n", environments.map((name) => `  ${name}: {}\n`).join(""));
}

/** Each job's name and end, in order. */
export function told(run: WorkflowRun): readonly string[] {
  return run.jobs.map((job) => `${job.name}: ${job.result}`);
}

/** All logs of a run: the message where an expectation fails. */
export function logOf(run: WorkflowRun): string {
  return run.jobs.flatMap((job) => job.steps.flatMap((step) => step.log)).join("\n");
}

export function filesBelow(folder: string): readonly string[] {
  return (readdirSync(folder, { recursive: true }) as string[])
    .filter((path) => statSync(join(folder, path)).isFile())
    .sort();
}
