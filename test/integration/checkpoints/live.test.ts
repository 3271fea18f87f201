import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { namespace, startCluster, type TestCluster } from "../sandbox-kubernetes/support.ts";
import { checkpointFiles, writeTar } from "./archives.ts";
import { mebibyte, startWorld, type World } from "./server.ts";

let world: World;
let cluster: TestCluster;
let inputs: Readonly<Record<string, string>>;

beforeEach(async () => {
  [world, cluster] = await Promise.all([startWorld(), startCluster()]);
  writeTar(world.workspace, "laguna.tar", checkpointFiles("laguna", mebibyte));
  await world.sync({ checkpoints: "laguna-m=./laguna.tar" });
  writeTar(world.workspace, "laguna.tar", checkpointFiles("other", mebibyte));
  inputs = { checkpoints: "laguna-m=./laguna.tar", replace: "true", kubeconfig: kubeconfigOf("admin") };
});
afterEach(async () => {
  expect([...world.defects, ...cluster.defects]).toEqual([]);
  await Promise.all([world.close(), cluster.close()]);
});

function kubeconfigOf(token: string): string {
  const path = join(world.workspace, `${token}.kubeconfig`);
  writeFileSync(path, cluster.kubeconfig(token, namespace));
  return path;
}

/** A Deployment whose downloader reads from this place. */
async function deploy(uri: string, where = namespace): Promise<void> {
  const labels = { app: "laguna-m" };
  const downloader = { name: "model-downloader", image: "registry.example.com/atlas:1", args: ["--from", uri] };
  const spec = { containers: [{ name: "atlas", image: "registry.example.com/atlas:1" }], initContainers: [downloader] };
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "inference-laguna-m", namespace: where },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  };
  const path = join(cluster.folder, "deployment.json");
  writeFileSync(path, JSON.stringify(deployment));
  await cluster.kubectl("create", "namespace", where);
  expect(await cluster.kubectl("apply", "-f", path)).toMatchObject({ code: 0 });
}

it.each([namespace, "elsewhere"])("replaces no checkpoint that a Deployment in %s runs", async (where) => {
  await deploy("s3://models/checkpoints/laguna-m/laguna/", where);
  const ended = await world.sync(inputs);
  expect(ended.failure).toMatchObject({ code: "CHECKPOINT_IN_USE" });
  expect(ended.failure?.message).toContain(`Deployment ${where}/inference-laguna-m`);
  expect(ended.writes).toEqual([]);
});

it("replaces one beside which another version runs", async () => {
  await deploy("s3://models/checkpoints/laguna-m/laguna-2/");
  const ended = await world.sync(inputs);
  expect(ended.failure).toBeUndefined();
  expect(ended.writes).toContain("PutObject");
});

it("replaces nothing where the cluster lets nobody look", async () => {
  const ended = await world.sync({ ...inputs, kubeconfig: kubeconfigOf("stranger") });
  expect(ended.failure).toMatchObject({ code: "CHECKPOINT_REPLACE_BLIND" });
  expect(ended.failure?.message).toContain("versions");
  expect(ended.writes).toEqual([]);
});

it("does not look at the cluster where nothing would be replaced", async () => {
  const ended = await world.sync({ ...inputs, versions: "laguna-m=2612", kubeconfig: kubeconfigOf("stranger") });
  expect(ended.failure).toBeUndefined();
});
