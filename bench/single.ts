import { spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startWorld as startSandbox } from "../sandbox/world.ts";
import { actionNames } from "../src/action-names.ts";
import { createJob } from "../test/support/job.ts";
import { writeCheckpoint } from "./data/checkpoints.ts";
import { measure, spreadOf } from "./measure.ts";
import { productStep } from "./product.ts";
import { manyImages } from "./rows/images.ts";
import type { World } from "./world.ts";

/** A figure of the product alone. */
export interface Figure {
  readonly what: string;
  /** Seconds, the middle of several runs where it is short. */
  readonly seconds: number;
  /** Peak of resident memory, bytes; absent where it was not measured. */
  readonly memory?: number;
  /** Most seconds, where that is the goal. */
  readonly goal?: number;
}

/** From the start of each stub's process to its first line. */
export async function startUps(world: World): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const name of actionNames) {
    const times: number[] = [];
    for (let run = 0; run < 5; run += 1) times.push(await firstLine(world, name));
    figures.push({ what: `${name}: start to first line`, seconds: spreadOf(times).median, goal: 0.3 });
  }
  return figures;
}

async function firstLine(world: World, name: string): Promise<number> {
  const step = productStep(world, name, { "aws-region": "us-east-2" });
  const started = performance.now();
  const [program, ...args] = step.command.argv as [string, ...string[]];
  const child = spawn(program, args, { env: step.command.env, cwd: world.folder, stdio: ["ignore", "pipe", "ignore"] });
  const seconds = await new Promise<number>((resolve, reject) => {
    child.stdout.once("data", () => resolve((performance.now() - started) / 1_000));
    child.once("error", reject).once("close", () => reject(new Error(`${name} printed nothing`)));
  });
  child.kill("SIGKILL");
  await new Promise((resolve) =>
    child.exitCode === null && child.signalCode === null ? child.once("close", resolve) : resolve(undefined),
  );
  step.remove();
  return seconds;
}

/** How cost grows with size, objects and images; weights of zeros, so that they take no place on the disk. */
export async function growth(world: World): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const gigabytes of world.quick ? [1] : [1, 4, 16, 64]) {
    const tar = join(world.folder, "sparse_1.tar");
    const large = Math.max(1, gigabytes / 4);
    writeCheckpoint(tar, { large, largeBytes: (gigabytes * 1e9) / large, small: 0, smallBytes: 0, sparse: true });
    figures.push(await sync(world, tar, `sync of ${gigabytes} GB`));
  }
  for (const small of world.quick ? [100, 1_000] : [100, 1_000, 10_000, 100_000]) {
    const tar = join(world.folder, "objects_1.tar");
    writeCheckpoint(tar, { large: 0, largeBytes: 0, small, smallBytes: 1_000 });
    figures.push(await sync(world, tar, `sync of ${small.toLocaleString("en-US")} objects of 1 KB`));
    figures.push(await sync(world, tar, `the same again, nothing to do`, false));
  }
  for (const count of world.quick ? [1, 10] : [1, 10, 50]) {
    const bundle = manyImages(world, count);
    figures.push(await alone(world, "push-images", { bundle }, `push of ${count} images of 6 MB`));
    rmSync(bundle, { recursive: true });
  }
  return figures;
}

async function sync(world: World, tar: string, what: string, fresh = true): Promise<Figure> {
  const inputs = { checkpoints: `model=${tar}`, bucket: "acme-models", prefix: "growth" };
  return alone(world, "sync-checkpoints", inputs, what, fresh);
}

async function alone(
  world: World,
  action: string,
  inputs: Readonly<Record<string, string>>,
  what: string,
  fresh = true,
): Promise<Figure> {
  if (fresh) await world.reset();
  const step = productStep(world, action, inputs);
  const { wall, memory } = await measure(world.peers.server, step.command, join(world.folder, "last.log"));
  step.remove();
  return { what, seconds: wall, memory };
}

/** The whole release on the sandbox, and again when nothing has changed. The sandbox's clock runs faster than the wall's. */
export async function releases(world: World): Promise<readonly Figure[]> {
  if (!existsSync(join(world.dist, "release.js"))) return [];
  const sandbox = await startSandbox({ pace: 0.02 });
  const job = createJob(sandbox);
  try {
    const first = await job.run("release", {}, { script: join(world.dist, "release.js") });
    const again = await job.run("release", {}, { script: join(world.dist, "release.js") });
    for (const { status, log } of [first, again]) if (status !== 0) throw new Error(log.slice(-10).join("\n"));
    return [
      { what: "a whole release on the sandbox", seconds: first.milliseconds / 1_000 },
      { what: "the same release again", seconds: again.milliseconds / 1_000, goal: 5 },
    ];
  } finally {
    job.remove();
    await sandbox.close();
  }
}
