import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { layFiles } from "../sandbox/runner/files.ts";
import type { Command } from "./measure.ts";
import type { World } from "./world.ts";

export const region = "us-east-2";

/** Account that the servers say the caller is of. */
export const account = "210987654321";

/** A step of a job that runs the built action, as GitHub's runner does it. */
export interface ProductStep {
  readonly command: Command;
  /** Seconds that the action says it worked: without the start of the process. */
  seconds(): number;
  remove(): void;
}

/** Where the step's calls go. */
export interface Endpoints {
  /** `host:port` that ECR names as its registry. */
  readonly registry?: string;
  /** URL of S3. */
  readonly bucketUrl?: string;
}

export function productStep(
  world: World,
  action: string,
  inputs: Readonly<Record<string, string>>,
  endpoints: Endpoints = {},
  more: Command["env"] = {},
): ProductStep {
  const job = mkdtempSync(join(world.folder, "job-"));
  const temp = join(job, "temp");
  mkdirSync(temp);
  const files = layFiles(job);
  const env: Record<string, string> = {
    GITHUB_ACTIONS: "true",
    GITHUB_WORKSPACE: world.folder,
    GITHUB_OUTPUT: files.output,
    GITHUB_STATE: files.state,
    GITHUB_STEP_SUMMARY: files.summary,
    GITHUB_REPOSITORY: "acme/models",
    GITHUB_RUN_ID: "4711",
    RUNNER_TEMP: temp,
    ...signingKeys,
    AWS_ENDPOINT_URL: `http://${world.registry}/registry/${endpoints.registry ?? world.registry}`,
    AWS_ENDPOINT_URL_S3: endpoints.bucketUrl ?? world.bucketUrl,
    NODE_EXTRA_CA_CERTS: world.authority,
    ...more,
  };
  for (const [name, value] of Object.entries(inputs)) env[`INPUT_${name.toUpperCase()}`] = value;
  return {
    command: { argv: [process.execPath, join(world.dist, `${action}.js`)], env, cwd: world.folder },
    seconds: () =>
      (JSON.parse(readFileSync(join(temp, "eks-deploy", action, "report.json"), "utf8")) as { seconds: number })
        .seconds,
    remove: () => rmSync(job, { recursive: true, force: true }),
  };
}

/** Keys for signing; the servers on loopback take any. */
export const signingKeys = {
  AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
  AWS_SECRET_ACCESS_KEY: "loopback-only",
  AWS_REGION: region,
  AWS_DEFAULT_REGION: region,
  AWS_EC2_METADATA_DISABLED: "true",
} as const;
