import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Faults } from "../../../sandbox/faults.ts";
import { type Kubernetes, type KubernetesOptions, startKubernetes } from "../../../sandbox/kubernetes/cluster.ts";
import { findKind } from "../../../sandbox/kubernetes/kinds.ts";
import { asJson, type JsonMap, type KubeObject } from "../../../sandbox/kubernetes/objects.ts";
import type { Deployment, KubeEvent, Pod } from "../../../sandbox/kubernetes/types.ts";
import { RequestLog } from "../../../sandbox/requests.ts";
import type { Ground } from "../../../sandbox/service.ts";
import { createAuthority } from "../../../sandbox/tls.ts";
import { helm, kubectl } from "../../../sandbox/tools.ts";

export const sampleChart = resolve(import.meta.dirname, "../../../sandbox/sample/chart/inference");
export const namespace = "poolside-models";

/** What a tool printed. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TestCluster extends Kubernetes {
  readonly ground: Ground;
  /** Defects of the sandbox itself; a test ends with none. */
  readonly defects: unknown[];
  /** Folder for values files; removed with the cluster. */
  readonly folder: string;
  helm(major: 3 | 4, ...args: readonly string[]): Promise<Ran>;
  kubectl(...args: readonly string[]): Promise<Ran>;
}

export const tokens: Readonly<Record<string, { user: string; groups: string[] }>> = {
  admin: { user: "admin", groups: ["system:masters"] },
  stranger: { user: "stranger", groups: [] },
};

/** A cluster whose minutes take a fraction of a second. */
export async function startCluster(options: Partial<KubernetesOptions> & { pace?: number } = {}): Promise<TestCluster> {
  const defects: unknown[] = [];
  const ground: Ground = {
    requests: new RequestLog(),
    faults: new Faults(),
    now: () => Date.now(),
    pace: options.pace ?? 0.002,
    onDefect: (error) => void defects.push(error),
  };
  const authority = await createAuthority();
  const authenticate = (token: string) => tokens[token];
  const cluster = await startKubernetes({ ground, authority, authenticate, ...options });
  const folder = mkdtempSync(join(tmpdir(), "eks-deploy-cluster-"));
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(kubeconfig, cluster.kubeconfig("admin", namespace));
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder, KUBECONFIG: kubeconfig, HELM_NAMESPACE: namespace };
  return {
    ...cluster,
    ground,
    defects,
    folder,
    helm: async (major, ...args) => run(await helm(major), args, env),
    kubectl: async (...args) => run(await kubectl(36), args, env),
    async close() {
      await cluster.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(file, args, { env, timeout: 50_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? (typeof error.code === "number" ? error.code : 1) : 0, stdout, stderr });
    });
  });
}

/** Resolves with the first value that `look` finds, now or after some change of the cluster's state. */
export function eventually<T>(
  cluster: Kubernetes,
  look: () => T | undefined | false,
  milliseconds = 15_000,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let over = false;
    const end = () => {
      over = true;
      clearTimeout(timer);
      unsubscribe();
    };
    const timer = setTimeout(() => {
      end();
      const seen = cluster.store
        .list<KubeEvent>("events")
        .map(({ involvedObject: { kind, name }, reason, message }) => `${kind} ${name}: ${reason}: ${message}`);
      reject(new Error(`this did not come to pass: ${look}\n${seen.join("\n")}`));
    }, milliseconds);
    const check = () => {
      if (over) return;
      const found = look();
      if (found === undefined || found === false) return;
      end();
      resolve(found);
    };
    const unsubscribe = cluster.store.subscribe(() => setImmediate(check));
    check();
  });
}

/** Creates objects past the wire, with defaulting, admission and validation. */
export function create(cluster: Kubernetes, ...objects: readonly JsonMap[]): KubeObject[] {
  return objects.map((object) => {
    const kind = findKind(String(object["apiVersion"]), String(object["kind"]));
    if (!kind) throw new Error(`no kind ${String(object["kind"])}`);
    const { metadata } = object as unknown as KubeObject;
    return cluster.api.create(kind, metadata.namespace, object, { user: "admin", manager: "test" });
  });
}

export function namespaceObject(name = namespace, labels: Readonly<Record<string, string>> = {}): JsonMap {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels: { ...labels } } };
}

export interface ModelOptions {
  readonly key?: string;
  readonly gpus?: number;
  readonly image?: string;
  readonly prefix?: string;
  readonly spec?: JsonMap;
  readonly pod?: JsonMap;
  readonly container?: JsonMap;
}

/** A Deployment as the chart makes one per model. */
export function modelDeployment(options: ModelOptions = {}): JsonMap {
  const {
    key = "point",
    gpus = 1,
    image = "registry.test/atlas:1",
    prefix = "s3://bucket/checkpoints/point",
  } = options;
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: `inference-${key}`, namespace },
    spec: {
      selector: { matchLabels: { app: key } },
      ...options.spec,
      template: {
        metadata: { labels: { app: key } },
        spec: {
          tolerations: [{ key: "nvidia.com/gpu", operator: "Exists" }],
          initContainers: [{ name: "model-downloader", image, args: [prefix, "/models"] }],
          containers: [
            {
              name: "inference",
              image,
              args: ["--served-model-name=Point"],
              env: [{ name: "MODEL_TYPE", value: "completion" }],
              ports: [{ name: "http", containerPort: 8000 }],
              readinessProbe: { httpGet: { path: "/health", port: "http" }, periodSeconds: 5 },
              resources: { limits: { "nvidia.com/gpu": String(gpus) } },
              ...options.container,
            },
          ],
          ...options.pod,
        },
      },
    },
  };
  return deployment as unknown as JsonMap;
}

export function podOf(cluster: Kubernetes, key = "point"): Pod | undefined {
  return cluster.store.list<Pod>("pods", namespace).find((pod) => pod.metadata.labels?.["app"] === key);
}

export function deploymentOf(cluster: Kubernetes, key = "point"): Deployment | undefined {
  return cluster.store.get<Deployment>("deployments", namespace, `inference-${key}`);
}

export function isAvailable(cluster: Kubernetes, key = "point"): boolean {
  const { status, spec } = deploymentOf(cluster, key) ?? {};
  return (
    status !== undefined && status.availableReplicas === spec?.replicas && status.updatedReplicas === spec?.replicas
  );
}

/** Messages of the events about an object with this reason. */
export function eventsOf(cluster: Kubernetes, reason: string): readonly string[] {
  return cluster.store
    .list<KubeEvent>("events", namespace)
    .filter((event) => event.reason === reason)
    .map((event) => event.message);
}

export function jsonOf(object: object): JsonMap {
  return asJson(object as KubeObject);
}
