import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { expect, inject } from "vitest";
import { writeSampleBundle } from "../../../sandbox/sample/bundle.ts";
import { writeSampleCheckpoints } from "../../../sandbox/sample/checkpoints.ts";
import { sampleModels, sampleSpec } from "../../../sandbox/sample/spec.ts";
import { startWorld, type World, type WorldOptions } from "../../../sandbox/world.ts";
import type { AnyAction } from "../../../src/action/action.ts";
import { runAction } from "../../../src/action/run.ts";
import { release } from "../../../src/actions/release/index.ts";
import { type Clock, systemClock } from "../../../src/retry.ts";
import { readAmbient } from "../../../src/runner/ambient.ts";
import { testContext } from "../../support/context.ts";
import { type TestRunner, testRunner } from "../../support/runner.ts";

export const apiKey = "canary-api-key-77c2";

/** A world, and a job in it that runs the root action in this process. */
export interface Room {
  readonly world: World;
  readonly folder: string;
  readonly spec: string;
  /** Rewrites the spec by replacing text. */
  edit(from: string | RegExp, to: string): void;
  /** Moves the job's and the services' clocks. */
  advance(milliseconds: number): void;
  run(inputs?: Readonly<Record<string, string>>, options?: RunOptions): Promise<TestRunner>;
  /** Runs it and expects success. */
  pass(inputs?: Readonly<Record<string, string>>): Promise<TestRunner>;
  /** Runs it and gives the code of its failure. */
  fail(inputs: Readonly<Record<string, string>>): Promise<{ readonly code: string; readonly message: string }>;
  /** `service name resource` of the writes after a mark. */
  writes(mark?: number): readonly string[];
  mark(): number;
  /** Runs it in a process of its own, which is killed as soon as so many requests have reached the world; `undefined`: it was killed. */
  runKilled(requests: number, inputs?: Readonly<Record<string, string>>): Promise<ProcessEnd | undefined>;
  /** Text of an object below the records place; `undefined` where there is none. */
  kept(path: string): string | undefined;
  keptPaths(prefix: string): readonly string[];
  close(): Promise<void>;
}

/** How a process ended that was not killed. */
export interface ProcessEnd {
  readonly outputs: Readonly<Record<string, string>>;
  readonly failures: readonly { readonly code: string; readonly message: string }[];
  readonly lines: readonly string[];
}

export interface RunOptions {
  /** Another action than the root one. */
  readonly action?: AnyAction;
  readonly signal?: AbortSignal;
  readonly env?: Readonly<Record<string, string>>;
}

/** Factor on every wait of the product. */
const waits = 0.03;

/** Starts a world and lays the sample out. `scale` multiplies the sizes of the sample. */
export async function openRoom(options: WorldOptions & { readonly scale?: number } = {}): Promise<Room> {
  const world = await startWorld({ pace: 0.01, ...options });
  const folder = mkdtempSync(join(tmpdir(), "eks-deploy-release-"));
  const scale = options.scale ?? 0.02;
  writeSampleBundle(join(folder, "poolside-2611"), scale);
  const archives = writeSampleCheckpoints(join(folder, "checkpoints"), scale);
  const checkpoints = Object.fromEntries(
    Object.entries(archives).map(([key, path]) => [key, `./${relative(folder, path)}`]),
  );
  const spec = join(folder, "eks-deploy.yaml");
  writeFileSync(spec, sampleSpec({ ...world.names, bundle: "./poolside-2611", checkpoints }));
  const authority = join(folder, "authority.pem");
  writeFileSync(authority, world.authority);
  const saved = { ...process.env };
  Object.assign(process.env, world.env);
  let moved = 0;
  // Waits are as short as the world's own; the hands go at their usual pace.
  const clock: Clock = {
    ...systemClock,
    now: () => Date.now() + moved,
    sleep: (milliseconds, signal) => systemClock.sleep(milliseconds * waits, signal),
  };
  const { s3 } = world.aws;
  let runs = 0;

  /** Variables of the next job, with a temporary folder of its own. */
  const environment = () => {
    runs += 1;
    const temp = join(folder, "temp", String(runs));
    mkdirSync(temp, { recursive: true });
    return {
      ...world.env,
      PATH: `${world.tools}:${saved["PATH"]}`,
      HOME: folder,
      GITHUB_WORKSPACE: folder,
      GITHUB_REPOSITORY: "acme/models",
      GITHUB_RUN_ID: String(4_000 + runs),
      GITHUB_ACTOR: "octocat",
      GITHUB_SHA: "0123456789abcdef0123456789abcdef01234567",
      RUNNER_TEMP: temp,
    };
  };
  const usual = {
    environment: "dev",
    "api-key": apiKey,
    resolve: sampleModels.map((model) => `${model.host}=127.0.0.1:${world.balancerPort}`).join("\n"),
    "ca-certificate": authority,
    samples: "1",
  };

  const run: Room["run"] = async (inputs = {}, more = {}) => {
    const masks: string[] = [];
    const ambient = readAmbient({ ...environment(), ...more.env }, (value) => masks.push(value));
    const context = testContext({ clock, ambient, ...(more.signal ? { signal: more.signal } : {}) });
    const runner = testRunner({ ...usual, ...inputs }, context);
    await runAction(more.action ?? release, runner);
    const { outputs, summary, failures } = runner;
    const told = JSON.stringify([outputs, summary, failures, context.recorded.lines, context.recorded.findings]);
    expect(told).not.toContain(apiKey);
    return runner;
  };

  const runKilled: Room["runKilled"] = (requests, inputs = {}) => {
    const file = join(folder, "inputs.json");
    writeFileSync(file, JSON.stringify({ ...usual, ...inputs }));
    const child = spawn(process.execPath, [inject("bundles")["release-process"], file, String(waits)], {
      env: environment(),
      stdio: ["ignore", "pipe", "inherit"],
    });
    const { requests: log } = world;
    const add = log.add.bind(log);
    let seen = 0;
    log.add = (...request) => {
      seen += 1;
      if (seen === requests) child.kill("SIGKILL");
      return add(...request);
    };
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    return new Promise((resolve) =>
      child.once("close", (code) => {
        log.add = add;
        resolve(code === 0 ? (JSON.parse(printed) as ProcessEnd) : undefined);
      }),
    );
  };

  return {
    world,
    folder,
    spec,
    edit(from, to) {
      const text = readFileSync(spec, "utf8");
      const edited = text.replace(from, to);
      expect(edited).not.toBe(text);
      writeFileSync(spec, edited);
    },
    advance(milliseconds) {
      moved += milliseconds;
      world.advance(milliseconds);
    },
    run,
    runKilled,
    async pass(inputs) {
      const runner = await run(inputs);
      expect(runner.failures, runner.context.recorded.lines.slice(-20).join("\n")).toEqual([]);
      return runner;
    },
    async fail(inputs) {
      const runner = await run(inputs);
      expect(runner.failures).toHaveLength(1);
      return runner.failures[0]!;
    },
    writes: (mark = 0) =>
      world.requests.writes(mark).map((request) => `${request.service} ${request.name} ${request.resource}`),
    mark: () => world.requests.all.length,
    kept: (path) => s3.read(world.names.bucket, `eks-deploy/${path}`)?.toString("utf8"),
    keptPaths: (prefix) =>
      s3.list(world.names.bucket, `eks-deploy/${prefix}`).map(({ key }) => key.slice("eks-deploy/".length)),
    async close() {
      for (const name of Object.keys(world.env)) {
        if (saved[name] === undefined) delete process.env[name];
        else process.env[name] = saved[name];
      }
      rmSync(folder, { recursive: true, force: true });
      await world.close();
      expect(world.defects).toEqual([]);
    },
  };
}

/** Adds an environment `production` on a cluster of its own, with a bucket, a certificate and hosts of its own, to which `from` is promoted. */
export async function addProduction({ world, edit }: Room, from: string): Promise<void> {
  await world.addCluster("poolside-prod");
  world.aws.s3.addBucket({ name: "acme-models-prod", region: world.names.region, owner: world.names.account });
  const certificate = await world.addCertificate(["*.example.com"]);
  const hosts = sampleModels.map(({ key }) => `      ${key}: { host: ${key}.example.com }`).join("\n");
  edit(
    "  dev: {}",
    `  ${from}: {}
  production:
    cluster: poolside-prod
    checkpoints: { bucket: acme-models-prod }
    identity: { roleName: inference-prod, policyName: inference-prod }
    ingress: { certificateArn: "${certificate.arn}" }
    models:
${hosts}
    promotion: { from: ${from} }`,
  );
}
