import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { askModel } from "../../../sandbox/demo/ask.ts";
import type { Deployment, Ingress, Pod } from "../../../sandbox/kubernetes/types.ts";
import { writeSampleBundle } from "../../../sandbox/sample/bundle.ts";
import { sampleModels } from "../../../sandbox/sample/spec.ts";
import { startWorld, type World } from "../../../sandbox/world.ts";
import { layRelease } from "./lay.ts";

const run = promisify(execFile);
const namespace = "poolside-models";

let world: World;
let folder: string;

beforeAll(async () => {
  world = await startWorld({ pace: 0.002 });
  folder = mkdtempSync(join(tmpdir(), "eks-deploy-world-"));
  writeSampleBundle(join(folder, "bundle"), 0.001);
  writeFileSync(join(folder, "kubeconfig"), world.kubernetes.kubeconfig(world.access.adminToken));
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await world.close();
  expect(world.defects).toEqual([]);
});

/** Runs a tool of the world with an administrator's kubeconfig. */
function tool(name: "helm" | "kubectl", ...args: string[]) {
  const env = { HOME: folder, KUBECONFIG: join(folder, "kubeconfig"), HELM_NO_PLUGINS: "1" };
  return run(join(world.tools, name), args, { env });
}

/** Resolves when the condition holds, at the cluster's own pace. */
async function until(condition: () => boolean): Promise<void> {
  await new Promise<void>((resolve) => {
    const check = () => {
      if (!condition()) return;
      stop();
      resolve();
    };
    const stop = world.kubernetes.store.subscribe(check);
    check();
  });
}

describe("the guide's release, by hand in the sandbox", () => {
  it("pulls, downloads under the pod's role, serves and gets an address", async () => {
    const { values } = layRelease(world);
    const path = join(folder, "values.yaml");
    writeFileSync(path, stringify(values));
    await tool("kubectl", "create", "namespace", namespace);
    await tool(
      "kubectl",
      "create",
      "secret",
      "generic",
      "vllm-auth",
      "--from-literal=VLLM_API_KEY=k-1",
      "-n",
      namespace,
    );
    await tool("helm", "install", "inference", join(folder, "bundle/charts/inference"), "-n", namespace, "-f", path);
    const { store } = world.kubernetes;
    await until(() => {
      const deployments = store.list<Deployment>("deployments", namespace);
      return deployments.length === 3 && deployments.every(({ status }) => status?.availableReplicas === 1);
    });
    await until(() =>
      store.list<Ingress>("ingresses", namespace).every(({ status }) => status?.loadBalancer?.ingress?.[0]),
    );
    const [pod] = store.list<Pod>("pods", namespace);
    const digest = world.aws.ecr.repository("atlas").images.keys().next().value;
    expect(pod?.status.containerStatuses?.[0]?.imageID).toContain(digest);
    const [model] = sampleModels;
    const ask = (key: string) => askModel(model.host, world.balancerPort, world.authority, key, model.modelName);
    // The load balancer's address comes before it answers.
    expect(await vi.waitFor(() => ask("k-1"), { timeout: 10_000 })).not.toBe("");
    await expect(ask("wrong")).rejects.toThrow("401");
  });
});
