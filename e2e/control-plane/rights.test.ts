import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { Bench } from "./bench.ts";
import { type RealCluster, startCluster } from "./cluster.ts";

let cluster: RealCluster;
let bench: Bench;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster?.close());
afterEach(() => bench?.close());

const rbac = "rbac.authorization.k8s.io";

/** The ClusterRole and its binding as docs/permissions.md prints them. */
function documented(): readonly Record<string, unknown>[] {
  const page = readFileSync(resolve(import.meta.dirname, "../../docs/permissions.md"), "utf8");
  const block = /```yaml\n(apiVersion: rbac[\s\S]*?)```/.exec(page)?.[1] ?? "";
  return parseAllDocuments(block).map((document) => document.toJS());
}

/** What the page says that the role needs in its namespace. */
const withinNamespace = [
  { apiGroups: ["apps"], resources: ["deployments"], verbs: ["*"] },
  { apiGroups: [""], resources: ["services", "serviceaccounts", "configmaps", "secrets"], verbs: ["*"] },
  { apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: ["*"] },
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["*"] },
  { apiGroups: [""], resources: ["pods", "pods/log", "events"], verbs: ["get", "list", "watch"] },
  { apiGroups: ["apps"], resources: ["replicasets"], verbs: ["get", "list", "watch"] },
];

/** Gives the documented rights; `within` are those in the namespace. */
async function grant(within: readonly object[]): Promise<void> {
  for (const object of documented()) {
    const resource = object["kind"] === "ClusterRole" ? "clusterroles" : "clusterrolebindings";
    await cluster.api.ask("POST", `/apis/${rbac}/v1/${resource}`, object);
  }
  const metadata = { name: "eks-deploy", namespace: bench.namespace };
  await cluster.api.create(bench.path(`${rbac}/v1`, "roles"), {
    apiVersion: `${rbac}/v1`,
    kind: "Role",
    metadata,
    rules: within,
  });
  await cluster.api.create(bench.path(`${rbac}/v1`, "rolebindings"), {
    apiVersion: `${rbac}/v1`,
    kind: "RoleBinding",
    metadata,
    roleRef: { apiGroup: rbac, kind: "Role", name: "eks-deploy" },
    subjects: [{ kind: "Group", apiGroup: rbac, name: "eks-deploy" }],
  });
}

it("releases, upgrades and rolls back with the rights that docs/permissions.md names, and no more", async () => {
  bench = await Bench.open(cluster, "rights", 4);
  await bench.createNamespace();
  await grant(withinNamespace);
  const first = await bench.deploy({ point: {} }, { token: "deployer" });
  expect(first.failures).toEqual([]);
  expect(first.outputs).toMatchObject({ status: "deployed", revision: "1" });
  const values = { podAnnotations: { "sim/fail": "oom" } };
  const failed = await bench.deploy({ point: {} }, { token: "deployer", faster: 10, values });
  expect(failed.codes).toEqual(["DEPLOY_OOM"]);
  expect(failed.outputs).toMatchObject({ status: "rolled-back", "rolled-back-to": "1" });
});

it("names the rights that are missing, before the first write", async () => {
  bench = await Bench.open(cluster, "few-rights", 4);
  await bench.createNamespace();
  const [deployments, ...others] = withinNamespace;
  await grant([{ ...deployments, verbs: ["get", "list", "watch"] }, ...others]);
  const run = await bench.deploy({ point: {} }, { token: "deployer" });
  expect(run.failures).toMatchObject([{ code: "DEPLOY_RIGHTS_MISSING" }]);
  expect(run.failures[0]!.message).toContain("create deployments");
  expect(run.writes).toEqual([]);
});

it("says what a stranger may not even read", async () => {
  bench = await Bench.open(cluster, "strangers", 4);
  const run = await bench.deploy({ point: {} }, { token: "nobody" });
  expect(run.failures).toMatchObject([{ code: "CLUSTER_FORBIDDEN" }]);
  expect(run.writes).toEqual([]);
});
