import { type ChildProcess, execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { fastClock } from "./clock.ts";
import { type Bench, startBench } from "./cluster.ts";
import type { ProcessJob } from "./deploy-process.ts";
import { kill, killAt, type Started, startProcess } from "./processes.ts";

const pace = 0.02;
/** Moments per major and way to be cut off; `npm run test:long` takes 50. */
const moments = Number(process.env["EKS_DEPLOY_MOMENTS"] ?? 4);
const seed = Number(process.env["EKS_DEPLOY_SEED"] ?? 2611);
const within = 60_000 + moments * 30_000;

let bench: Bench;
let start: number;

afterEach(() => bench?.close());

const clock = () => ({ factor: 1 / pace, start });

async function open(major: 3 | 4): Promise<void> {
  start = Date.now();
  bench = await startBench(major, { pace, clock: fastClock(1 / pace, start) });
}

function start_(models: Parameters<Bench["deploy"]>[0], over: Partial<ProcessJob> = {}): Started {
  return startProcess(bench, clock(), models, over);
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

function statuses(): readonly string[] {
  return bench.kubernetes.store
    .list("secrets", "poolside-models")
    .filter((secret) => secret.metadata.name.startsWith("sh.helm.release"))
    .map((secret) => secret.metadata.labels?.["status"] ?? "");
}

/** When a run is cut off. */
interface Moment {
  /** Counted from helm's first write instead of from the run's beginning. */
  readonly inHelm: boolean;
  readonly milliseconds: number;
}

/** helm is at work for about so long, ms. */
const helmWork = 400;

/**
 * Random moments of a run that takes `span` ms, and a little after it; the same ones for the same seed. Half of them, of upgrades and of first
 * installs, lie in helm's work: most of a run is waiting for pods, and what is delicate is short.
 */
function momentsOf(span: number): readonly Moment[] {
  let state = seed;
  return Array.from({ length: moments }, (_, index) => {
    // Park and Miller's minimal standard generator.
    state = (state * 48_271) % 2_147_483_647;
    const inHelm = index % 4 === 0 || index % 4 === 3;
    return { inHelm, milliseconds: Math.round((state / 2_147_483_647) * (inHelm ? helmWork : span * 1.1)) };
  });
}

/** Waits for the moment; a run that has nothing to write ends before. */
async function reach({ inHelm, milliseconds }: Moment, ended: Promise<unknown>): Promise<void> {
  const writes = new Promise<void>((done) => {
    const effect = { kind: "hook", run: () => done() } as const;
    bench.faults.add({ service: "kubernetes", operation: /^create secrets/, effect });
  });
  if (inHelm) await Promise.race([writes, ended]);
  await wait(milliseconds);
  bench.faults.clear();
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
        await reach(moment, ended);
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
        await reach(moment, ended);
        kill(child);
        await ended;
        const lease = bench.kubernetes.store.list("leases", "poolside-models").length > 0;
        tally.add(`${statuses().at(-1)}${lease ? " under a dead holder's Lease" : ""}`);
      }
      const run = await bench.deploy(second);
      expect(run.failures).toEqual([]);
      // A run that finds everything in place takes no Lease, and so leaves the dead one's to whoever writes next.
      const next = await bench.deploy({ point: { values: { extraArgs: ["--next"] } } });
      expect(next.failures).toEqual([]);
      expect(next.outputs["status"]).toBe("deployed");
      expect(bench.kubernetes.store.list("leases", "poolside-models")).toEqual([]);
      tally.tell(`helm ${major}, ${moments} kills`);
    },
    within,
  );

  it("is settled by the post step when it was killed in the middle of helm's work", async () => {
    await open(major);
    expect((await bench.deploy(first)).failures).toEqual([]);
    const { remembered } = await killAt(bench, clock(), second, /^(update|patch) deployments/);
    expect(statuses().at(-1)).toBe("pending-upgrade");
    const { lines } = await start_(first, { remembered }).ended;
    expect(lines.join("\n")).toContain("rolling back to revision 1");
    // helm keeps the revision that was cut off in its history; the lock is the newest one's status.
    expect(statuses().at(-1)).toBe("deployed");
    expect(bench.kubernetes.store.list("leases", "poolside-models")).toEqual([]);
    expect((await bench.deploy(second)).failures).toEqual([]);
  });

  it("names in the post step the Secret whose earlier value died with the run", async () => {
    await open(major);
    expect((await bench.deploy(first)).failures).toEqual([]);
    const inputs = bench.inputs(second, { inputs: { "api-key": "another-key-9182", "on-cancel": "rollback" } });
    const { remembered } = await killAt(bench, clock(), second, /^(update|patch) deployments/, { inputs });
    expect(JSON.stringify(remembered)).not.toContain("another-key-9182");
    const { findings } = await start_(first, { remembered }).ended;
    expect(findings).toMatchObject([{ code: "DEPLOY_SECRET_NEWER", happened: expect.stringContaining("vllm-auth") }]);
    const mended = await bench.deploy(first);
    expect(mended.failures).toEqual([]);
    expect(mended.writes).toContain("patch secrets poolside-models/vllm-auth");
  });

  it("clears a killed upgrade by a rollback, and a killed first install by uninstalling it", async () => {
    await open(major);
    await killAt(bench, clock(), first, /^(create|patch) deployments/);
    expect(statuses()).toEqual(["pending-install"]);
    // Whose lock it is, is known: nothing is waited for.
    const installed = await bench.deploy(first, { inputs: { "lock-timeout": "2m" } });
    expect(installed.failures).toEqual([]);
    expect(installed.writes.some((write) => write.startsWith("delete secrets"))).toBe(true);
    await killAt(bench, clock(), second, /^(update|patch) deployments/);
    expect(statuses().at(-1)).toBe("pending-upgrade");
    const upgraded = await bench.deploy(second, { inputs: { "lock-timeout": "2m" } });
    expect(upgraded.failures).toEqual([]);
    expect(upgraded.outputs).toMatchObject({ status: "deployed" });
    expect(upgraded.context.recorded.lines.join("\n")).toContain("rolling back to revision");
  });
});
