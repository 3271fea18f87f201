import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../../../sandbox/kubernetes/objects.ts";
import { fastClock } from "./clock.ts";
import { type Bench, startBench } from "./cluster.ts";
import { killAt } from "./processes.ts";

const pace = 0.02;
const models = { point: {} };
/** Requests at which a first install is killed; `npm run test:long` takes all of them. */
const all = [
  /^create namespaces/,
  /^create leases/,
  /^(patch|create) secrets/,
  /^(create|patch) serviceaccounts/,
  /^(create|patch) services$/,
  /^(create|patch) deployments/,
  /^(create|patch) ingresses/,
  /^update secrets/,
  /^watch pods/,
  /^delete leases/,
];
const sample = [/^create leases/, /^(create|patch) deployments/, /^update secrets/];
const long = Number(process.env["EKS_DEPLOY_MOMENTS"] ?? 0) >= 50;

const start = Date.now();
let bench: Bench | undefined;
let wanted: readonly string[];

beforeAll(async () => {
  const reference = await open();
  expect((await reference.deploy(models)).failures).toEqual([]);
  wanted = state(reference);
  await reference.close();
});

afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

async function open(): Promise<Bench> {
  bench = await startBench(4, { pace, clock: fastClock(1 / pace, start) });
  return bench;
}

/** What the release consists of, without ids, times and helm's own bookkeeping. */
function state({ kubernetes }: Bench): readonly string[] {
  return ["serviceaccounts", "services", "deployments", "ingresses", "secrets", "leases"].flatMap((resource) =>
    kubernetes.store
      .list(resource, "poolside-models")
      .filter(({ metadata }) => !metadata.name.startsWith("sh.helm.release"))
      .map((object) => {
        const { spec, data } = object as KubeObject & { spec?: Record<string, unknown>; data?: unknown };
        const { clusterIP, clusterIPs, ...rest } = spec ?? {};
        return JSON.stringify([resource, object.metadata.name, rest, data]);
      })
      .sort(),
  );
}

describe("a first install that is killed at one of its requests, and run again", () => {
  it.each(long ? all : sample)("ends in the same state as one that was not: %s", async (operation) => {
    const own = await open();
    await killAt(own, { factor: 1 / pace, start }, models, operation);
    const run = await own.deploy(models);
    expect(run.failures).toEqual([]);
    // A dead holder's Lease stays where the next run finds nothing to write.
    const withoutLease = (list: readonly string[]) => list.filter((line) => !line.startsWith('["leases"'));
    expect(withoutLease(state(own))).toEqual(withoutLease(wanted));
    const again = await own.deploy(models);
    expect(again.writes).toEqual([]);
    expect(again.outputs).toMatchObject({ status: "unchanged" });
  });
});
