import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { fastClock } from "./clock.ts";
import { type Bench, startBench } from "./cluster.ts";
import type { ProcessJob } from "./deploy-process.ts";

const script = resolve(import.meta.dirname, "deploy-process.ts");
const pace = 0.02;
/** Moments per major and way to be cut off; `npm run test:long` takes 50. */
const moments = Number(process.env["EKS_DEPLOY_MOMENTS"] ?? 4);
const seed = Number(process.env["EKS_DEPLOY_SEED"] ?? 2611);
const within = 60_000 + moments * 30_000;

let bench: Bench;
let start: number;

afterEach(() => bench?.close());

async function open(major: 3 | 4): Promise<void> {
  start = Date.now();
  bench = await startBench(major, { pace, clock: fastClock(1 / pace, start) });
}

interface Ended {
  readonly remembered: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly failures: readonly { code: string; message: string }[];
  readonly lines: readonly string[];
}

/** Runs helm-deploy (or its post step) in a process group of its own. */
function start_(models: Parameters<Bench["deploy"]>[0], over: Partial<ProcessJob> = {}) {
  const folder = mkdtempSync(join(bench.folder, "process-"));
  const job: ProcessJob = {
    inputs: bench.inputs(models),
    temp: folder,
    workspace: bench.folder,
    path: dirname(bench.helm),
    clock: { factor: 1 / pace, start },
    run: { url: `https://github.com/acme/models/actions/runs/${Math.round(performance.now())}`, id: "1" },
    ...over,
  };
  writeFileSync(join(folder, "job.json"), JSON.stringify(job));
  const child = spawn(process.execPath, [script, join(folder, "job.json")], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const ended = new Promise<Ended>((done) => {
    child.once("close", () => {
      const parts = text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Partial<Ended>);
      const remembered = Object.assign({}, ...parts.map((part) => part.remembered ?? {}));
      done({ outputs: {}, failures: [], lines: [], ...parts.at(-1), remembered });
    });
  });
  return { child, ended };
}

const wait = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

/** As GitHub's runner cancels: SIGINT, 7.5 s, SIGTERM, 2.5 s, SIGKILL. */
async function cancel(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  for (const [name, patience] of [
    ["SIGINT", 7_500],
    ["SIGTERM", 2_500],
    ["SIGKILL", 1_000],
  ] as const) {
    child.kill(name);
    if (await Promise.race([ended.then(() => true), wait(patience)])) return;
  }
}

function kill(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function statuses(): readonly string[] {
  return bench.kubernetes.store
    .list("secrets", "poolside-models")
    .filter((secret) => secret.metadata.name.startsWith("sh.helm.release"))
    .map((secret) => secret.metadata.labels?.["status"] ?? "");
}

/** Random moments of a run that takes `span` ms, and a little after it; the same ones for the same seed. */
function momentsOf(span: number): readonly number[] {
  let state = seed;
  return Array.from({ length: moments }, () => {
    // Park and Miller's minimal standard generator.
    state = (state * 48_271) % 2_147_483_647;
    return Math.round((state / 2_147_483_647) * span * 1.1);
  });
}

/** Every fourth run is a first install: whatever is there goes. */
async function beginAnew(index: number): Promise<void> {
  if (index % 4 !== 3 || statuses().length === 0) return;
  const place = ["--namespace", "poolside-models", "--kubeconfig", join(bench.folder, "kubeconfig")];
  await promisify(execFile)(bench.helm, ["uninstall", "inference", ...place]);
}

/** How long an install takes here and now, ms. The release is then there. */
async function lengthOfRun(): Promise<number> {
  const begin = performance.now();
  const { ended } = start_(first);
  expect((await ended).failures).toEqual([]);
  return performance.now() - begin;
}

/** What the cuts met, for the figures of a long run. */
class Tally {
  private readonly counts = new Map<string, number>();

  add(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  tell(title: string): void {
    const parts = [...this.counts].sort().map(([what, count]) => `${count} ${what}`);
    if (moments >= 50) process.stderr.write(`${title}, seed ${seed}: ${parts.join(", ")}\n`);
  }
}

const first = { point: {} };
const second = { point: { values: { extraArgs: ["--max-model-len=4096"] } } };

describe.each([3, 4] as const)("a run that is cut off, with helm %i", (major) => {
  it(
    "leaves no pending revision and no Lease after the runner's cancel sequence, at any moment",
    async () => {
      await open(major);
      const tally = new Tally();
      for (const [index, moment] of momentsOf(await lengthOfRun()).entries()) {
        await beginAnew(index);
        const { child, ended } = start_(index % 2 === 0 ? second : first);
        await wait(moment);
        await cancel(child, ended);
        const { remembered, outputs } = await ended;
        const before = statuses().at(-1)?.startsWith("pending") ? "left pending for the post step" : undefined;
        tally.add(before ?? (outputs["status"] || (remembered["run"] ? "ended without a word" : "had not begun")));
        if (remembered["run"]) await start_(first, { remembered }).ended;
        expect(statuses().filter((status) => status.startsWith("pending"))).toEqual([]);
        expect(bench.kubernetes.store.list("leases", "poolside-models")).toEqual([]);
      }
      const run = await bench.deploy(second);
      expect(run.failures).toEqual([]);
      tally.tell(`helm ${major}, ${moments} cancels`);
    },
    within,
  );

  it(
    "is recovered from by the next run after a SIGKILL at any moment",
    async () => {
      await open(major);
      const tally = new Tally();
      for (const [index, moment] of momentsOf(await lengthOfRun()).entries()) {
        await beginAnew(index);
        const { child, ended } = start_(index % 2 === 0 ? second : first);
        await wait(moment);
        kill(child);
        await ended;
        const lease = bench.kubernetes.store.list("leases", "poolside-models").length > 0;
        tally.add(`${statuses().at(-1)}${lease ? " under a dead holder's Lease" : ""}`);
      }
      const run = await bench.deploy(second);
      expect(run.failures).toEqual([]);
      // A run that finds everything in place takes no Lease, and so leaves the dead one's to whoever writes next.
      const next = await bench.deploy({ point: { values: { extraArgs: ["--next"] } } });
      expect(next.outputs["status"]).toBe("deployed");
      expect(bench.kubernetes.store.list("leases", "poolside-models")).toEqual([]);
      tally.tell(`helm ${major}, ${moments} kills`);
    },
    within,
  );

  it("clears a killed upgrade by a rollback, and a killed first install by uninstalling it", async () => {
    await open(major);
    const killedAt = async (models: typeof first, operation: RegExp) => {
      let child: ChildProcess | undefined;
      bench.faults.add({
        service: "kubernetes",
        operation,
        effect: { kind: "hook", run: () => (child ? kill(child) : undefined) },
      });
      const started = start_(models);
      child = started.child;
      await started.ended;
      bench.faults.clear();
    };
    await killedAt(first, /^(create|patch) deployments/);
    expect(statuses()).toEqual(["pending-install"]);
    const installed = await bench.deploy(first);
    expect(installed.failures).toEqual([]);
    expect(installed.writes.some((write) => write.startsWith("delete secrets"))).toBe(true);
    await killedAt(second, /^(update|patch) deployments/);
    expect(statuses().at(-1)).toBe("pending-upgrade");
    const upgraded = await bench.deploy(second);
    expect(upgraded.failures).toEqual([]);
    expect(upgraded.outputs).toMatchObject({ status: "deployed" });
    expect(upgraded.context.recorded.lines.join("\n")).toContain("rolling back to revision");
  });
});
