import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import { Faults } from "../../../sandbox/faults.ts";
import { listen } from "../../../sandbox/http.ts";
import { RequestLog } from "../../../sandbox/requests.ts";
import type { Ground } from "../../../sandbox/service.ts";
import { type AwsStates, startAws } from "../../../sandbox/world/aws.ts";
import { runAction } from "../../../src/action/run.ts";
import { pushImages } from "../../../src/actions/push-images/index.ts";
import type { PlacedImage } from "../../../src/images/plan.ts";
import { fakeClock, testContext } from "../../support/context.ts";
import { type TestRunner, testRunner } from "../../support/runner.ts";

export const account = "210987654321";
export const region = "us-east-2";
export const bucket = "acme-models-dev";

/** AWS with a registry, and a folder for bundles. */
export interface RegistryWorld {
  readonly folder: string;
  readonly ground: Ground;
  readonly states: AwsStates;
  readonly defects: unknown[];
  /** Runs push-images as a step does, in a workspace of its own runner. */
  push(inputs: Readonly<Record<string, string>>, options?: PushOptions): Promise<TestRunner>;
  /** Writes to the registry and to ECR after a mark of the request log. */
  writes(mark?: number): readonly string[];
}

export interface PushOptions {
  /** Another runner: nothing of earlier steps is on its disk. */
  readonly fresh?: boolean;
  readonly signal?: AbortSignal;
  readonly env?: Readonly<Record<string, string>>;
}

/** A world for each test of a file; what it did wrong fails the test. */
export function useRegistryWorld(): { readonly current: RegistryWorld } {
  const holder = {} as { current: RegistryWorld & { close(): Promise<void> } };
  beforeEach(async () => {
    holder.current = await startRegistryWorld();
  });
  afterEach(async () => {
    await holder.current.close();
    expect(holder.current.defects).toEqual([]);
  });
  return holder;
}

async function startRegistryWorld(): Promise<RegistryWorld & { close(): Promise<void> }> {
  const defects: unknown[] = [];
  const ground: Ground = {
    requests: new RequestLog(),
    faults: new Faults(),
    now: () => Date.now(),
    pace: 0,
    onDefect: (error) => void defects.push(error),
  };
  const { states, handler, registry } = await startAws(ground, {
    account,
    region,
    partition: "aws",
    issuers: () => undefined,
    clocks: () => [Date.now()],
    discard: false,
  });
  const endpoint = await listen(handler, ground.onDefect);
  states.s3.addBucket({ name: bucket, region, owner: account });
  const user = states.principals.addUser(account, "tester");
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: user.caller.accessKeyId,
    AWS_SECRET_ACCESS_KEY: user.secretAccessKey,
    AWS_ENDPOINT_URL: endpoint.url,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  });
  const folder = mkdtempSync(join(tmpdir(), "eks-deploy-images-"));
  let runners = 0;
  return {
    folder,
    ground,
    states,
    defects,
    async push(inputs, options = {}) {
      if (options.fresh) runners += 1;
      const context = testContext({
        clock: fakeClock(Date.now()),
        ambient: { region, workspace: folder, temp: join(folder, `temp-${runners}`) },
        ...(options.signal ? { signal: options.signal } : {}),
        ...(options.env ? { env: options.env } : {}),
      });
      const runner = testRunner(inputs, context);
      await runAction(pushImages, runner);
      return runner;
    },
    writes: (mark = 0) => ground.requests.writes(mark).map(({ name, resource }) => `${name} ${resource}`),
    async close() {
      rmSync(folder, { recursive: true, force: true });
      await Promise.all([registry.close(), endpoint.close()]);
    },
  };
}

/** The output `images`; fails with the step's own words where it did not pass. */
export function imagesOf(runner: TestRunner): Readonly<Record<string, PlacedImage>> {
  expect(runner.failures).toEqual([]);
  return JSON.parse(runner.outputs["images"]!);
}

/** Code and text of the one failure. */
export function failureOf(runner: TestRunner): { readonly code: string; readonly message: string } {
  expect(runner.failures).toHaveLength(1);
  return runner.failures[0]!;
}
