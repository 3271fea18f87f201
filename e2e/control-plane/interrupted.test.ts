import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Bench, type Ended } from "./bench.ts";
import { type RealCluster, startCluster, waitUntil } from "./cluster.ts";
import { holdDeployments } from "./hold.ts";

/** Moments per test at which a run is cut off. */
const moments = Number(process.env["EKS_DEPLOY_MOMENTS"] ?? 4);

let cluster: RealCluster;
let bench: Bench;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster?.close());
afterEach(() => bench?.close());

const first = { point: {} };
const second = { point: { values: { extraArgs: ["--max-model-len=4096"] } } };
const third = { point: { values: { extraArgs: ["--max-model-len=8192"] } } };

/** Spread over a run, in a fixed order. */
function moment(index: number): number {
  return Math.round(((index * 0.618_034) % 1) * 3_000);
}

/** As GitHub's runner cancels: SIGINT, 7.5 s, SIGTERM, 2.5 s, SIGKILL. */
async function cancel(child: ChildProcess, ended: Promise<Ended>): Promise<void> {
  for (const [name, patience] of [
    ["SIGINT", 7_500],
    ["SIGTERM", 2_500],
    ["SIGKILL", 1_000],
  ] as const) {
    child.kill(name);
    if (await Promise.race([ended.then(() => true), sleep(patience)])) return;
  }
}

/** The whole process group, helm as well. */
function kill(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

describe.each([3, 4] as const)("a run that is cut off on a real control plane, with helm %i", (major) => {
  const open = async (name: string) => {
    bench = await Bench.open(cluster, `${name}-${major}`, major);
  };

  it("leaves no pending revision and no Lease after the runner's cancel sequence, at any moment", async () => {
    await open("cancelled");
    for (let index = 0; index < moments; index += 1) {
      const { child, ended } = bench.start(index % 2 === 0 ? first : second);
      await sleep(600 + moment(index));
      await cancel(child, ended);
      const { remembered } = await ended;
      if (remembered["run"]) await bench.start(first, { remembered }).ended;
      expect((await bench.revisions()).filter((status) => status.startsWith("pending"))).toEqual([]);
      expect(await bench.leases()).toEqual([]);
    }
    expect((await bench.deploy(second)).failures).toEqual([]);
  });

  it("is recovered from by the next run after a SIGKILL at any moment", async () => {
    await open("killed");
    for (let index = 0; index < moments; index += 1) {
      const { child, ended } = bench.start(index % 2 === 0 ? first : second);
      await sleep(600 + moment(index));
      kill(child);
      await ended;
    }
    // The dead run's Lease counts until it has not been renewed for its whole life; that minute passes faster here. Only a run that changes something
    // takes a Lease, so this one wants what none of the dead ones can have reached.
    const run = await bench.deploy(third, { faster: 10 });
    expect(run.failures).toEqual([]);
    expect(run.outputs["status"]).toBe("deployed");
    expect(await bench.leases()).toEqual([]);
    expect((await bench.revisions()).filter((status) => status.startsWith("pending"))).toEqual([]);
  });

  it("clears a killed first install by uninstalling it, and a killed upgrade by a rollback", async () => {
    await open("pending");
    await bench.createNamespace();
    const killedWhile = async (models: typeof first, status: string) => {
      const hold = await holdDeployments(cluster, bench.namespace);
      const { child, ended } = bench.start(models);
      await waitUntil(`a revision is ${status}`, async () => (await bench.revisions()).at(-1) === status).finally(() =>
        kill(child),
      );
      await ended;
      await hold.release();
    };
    await killedWhile(first, "pending-install");
    expect((await bench.revisions()).at(-1)).toBe("pending-install");
    const installed = await bench.deploy(first, { faster: 10 });
    expect(installed.failures).toEqual([]);
    expect(installed.writes.some((write) => write.startsWith("delete secrets"))).toBe(true);
    await killedWhile(second, "pending-upgrade");
    expect((await bench.revisions()).at(-1)).toBe("pending-upgrade");
    const upgraded = await bench.deploy(second, { faster: 10 });
    expect(upgraded.failures).toEqual([]);
    expect(upgraded.context.recorded.lines.join("\n")).toContain("rolling back to revision");
  });

  it("makes a second run wait for the first as long as that renews its Lease, and names it when the second's patience ends", async () => {
    await open("two");
    // By the clock of both, the first needs two minutes, and the second waits for one and a half: longer than a Lease lives that is not renewed.
    const faster = 5;
    const slow = bench.deploy(first, { faster, values: { podAnnotations: { "sim/download": "24s" } } });
    await waitUntil("the first holds the Lease", async () => (await bench.leases()).length === 1);
    const inputs = { "lock-timeout": "90s" };
    const refused = await bench.deploy({ ...first, other: {} }, { token: "second", faster, inputs });
    expect(refused.failures).toMatchObject([{ code: "DEPLOY_LOCKED" }]);
    expect(refused.failures[0]!.message).toContain("https://github.com/acme/models/actions/runs/4711");
    expect(refused.writes).toEqual([]);
    expect((await slow).failures).toEqual([]);
  });
});
