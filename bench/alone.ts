import { spawn } from "node:child_process";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { startWorld as startSandbox } from "../sandbox/world.ts";
import { actionNames } from "../src/action-names.ts";
import { createJob } from "../test/support/job.ts";
import { type CheckpointShape, writeCheckpoint } from "./data/checkpoints.ts";
import { measure, spreadOf } from "./measure.ts";
import { productStep } from "./product.ts";
import { memoryGoal } from "./row.ts";
import { manyImages } from "./rows/images.ts";
import type { World } from "./world.ts";

/** A figure of the product alone. */
export interface Figure {
  readonly what: string;
  /** Seconds, the middle of several runs where it is short. */
  readonly seconds: number;
  /** Seconds of processor time; absent where it was not measured. */
  readonly cpu?: number;
  /** Peak of resident memory, bytes; absent where it was not measured. */
  readonly memory?: number;
  /** Bytes that were moved. */
  readonly bytes?: number;
  /** Most seconds, and most bytes of memory, where those are goals. */
  readonly goal?: number;
  readonly memoryGoal?: number;
}

type Measuring = (world: World) => AsyncGenerator<Figure>;

/** What is measured of the product without peers. */
export const alone: Readonly<Record<string, Measuring>> = {
  "start-up": startUps,
  release: releases,
  sizes,
  objects,
  images,
};

/** From the start of each stub's process to its first line, the middle of nine. */
async function* startUps(world: World): AsyncGenerator<Figure> {
  for (const name of actionNames) {
    const times: number[] = [];
    for (let run = 0; run < 9; run += 1) times.push(await firstLine(world, name));
    yield { what: `${name}: start to first line`, seconds: spreadOf(times).median, goal: 0.3 };
  }
}

async function firstLine(world: World, name: string): Promise<number> {
  const step = productStep(world, name, { "aws-region": "us-east-2" });
  const started = performance.now();
  const [program, ...args] = step.command.argv as [string, ...string[]];
  const child = spawn(program, args, { env: step.command.env, cwd: world.folder, stdio: ["ignore", "pipe", "ignore"] });
  const closed = new Promise((resolve) => child.once("close", resolve));
  try {
    return await new Promise<number>((resolve, reject) => {
      child.stdout.once("data", () => resolve((performance.now() - started) / 1_000));
      child.once("error", reject).once("close", () => reject(new Error(`${name} printed nothing`)));
    });
  } finally {
    child.kill("SIGKILL");
    await closed;
    step.remove();
  }
}

/** The whole release on the sandbox, and again when nothing has changed. What the sandbox simulates (pods, propagation) takes a fiftieth of its time. */
async function* releases(world: World): AsyncGenerator<Figure> {
  const sandbox = await startSandbox({ pace: 0.02 });
  const job = createJob(sandbox);
  const run = async () => {
    const { status, log, milliseconds } = await job.run("release", {}, { script: join(world.dist, "release.js") });
    if (status !== 0) throw new Error(log.slice(-10).join("\n"));
    return milliseconds / 1_000;
  };
  try {
    yield { what: "A whole release on the sandbox", seconds: await run() };
    yield { what: "The same release again", seconds: await run(), goal: 5 };
  } finally {
    job.remove();
    await sandbox.close();
  }
}

/** How cost grows with size; weights of zeros, which take no place on the disk. */
async function* sizes(world: World): AsyncGenerator<Figure> {
  for (const gigabytes of world.quick ? [1, 4] : [1, 4, 16, 64]) {
    const large = Math.max(1, gigabytes / 4);
    const shape = { large, largeBytes: (gigabytes * 1e9) / large, small: 0, smallBytes: 0, sparse: true };
    yield* syncOf(world, shape, `Sync of ${gigabytes} GB`, false);
  }
}

/** How cost grows with the number of objects, and what it costs to find them all there. */
async function* objects(world: World): AsyncGenerator<Figure> {
  for (const small of world.quick ? [100, 1_000] : [100, 1_000, 10_000, 100_000]) {
    const shape = { large: 0, largeBytes: 0, small, smallBytes: 1_000 };
    yield* syncOf(world, shape, `Sync of ${small.toLocaleString("en-US")} objects of 1 KB`, true);
  }
}

async function* syncOf(world: World, shape: CheckpointShape, what: string, again: boolean): AsyncGenerator<Figure> {
  const tar = join(world.folder, "growth_1.tar");
  writeCheckpoint(tar, shape);
  try {
    const inputs = { checkpoints: `model=${tar}`, bucket: "acme-models", prefix: "growth" };
    await world.reset();
    yield await runAlone(world, "sync-checkpoints", inputs, what, statSync(tar).size);
    if (again) yield await runAlone(world, "sync-checkpoints", inputs, `${what}, again, nothing to do`);
  } finally {
    rmSync(tar);
  }
}

/** How cost grows with the number of images. */
async function* images(world: World): AsyncGenerator<Figure> {
  for (const count of world.quick ? [1, 10] : [1, 10, 50]) {
    const { folder, bytes } = manyImages(world, count);
    await world.reset();
    const what = `Push of ${count} image${count === 1 ? "" : "s"} of 6 MB${count === 1 ? "" : ", 5 MB of it shared"}`;
    yield await runAlone(world, "push-images", { bundle: folder }, what, bytes);
    rmSync(folder, { recursive: true });
  }
}

async function runAlone(
  world: World,
  action: string,
  inputs: Readonly<Record<string, string>>,
  what: string,
  bytes?: number,
): Promise<Figure> {
  const step = productStep(world, action, inputs);
  try {
    const { wall, cpu, memory } = await measure(world.peers.server, step.command, join(world.folder, "last.log"));
    return { what, seconds: wall, cpu, memory, memoryGoal, ...(bytes === undefined ? {} : { bytes }) };
  } finally {
    step.remove();
  }
}
