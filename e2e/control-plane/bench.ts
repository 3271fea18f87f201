import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { writeSampleBundle } from "../../sandbox/sample/bundle.ts";
import { helm } from "../../sandbox/tools.ts";
import { runAction } from "../../src/action/run.ts";
import { helmDeploy } from "../../src/actions/helm-deploy/index.ts";
import type { Diagnosis } from "../../src/deploy/diagnosis/diagnosis.ts";
import { fastClock } from "../../test/integration/deploy/clock.ts";
import type { ProcessJob } from "../../test/integration/deploy/deploy-process.ts";
import { testContext } from "../../test/support/context.ts";
import { type TestRunner, testRunner } from "../../test/support/runner.ts";
import type { Token } from "./access.ts";
import type { KubeObject } from "./api.ts";
import { type RealCluster, waitUntil } from "./cluster.ts";

export const registry = "210987654321.dkr.ecr.us-east-2.amazonaws.com";
export const apiKey = "canary-key-e2e-7431";

/** A model as the tests write it; `values` go into its entry. */
export interface Model {
  readonly gpus?: number;
  readonly values?: Readonly<Record<string, unknown>>;
}

export interface DeployOptions {
  readonly inputs?: Readonly<Record<string, string>>;
  /** Into the chart's values. */
  readonly values?: Readonly<Record<string, unknown>>;
  readonly token?: Token;
  readonly signal?: AbortSignal;
  /** How much faster than the machine's the product's clock runs (1): its patience is minutes. */
  readonly faster?: number;
}

/** How a run of helm-deploy ended. */
export interface Deployed extends TestRunner {
  readonly outcome: string;
  /** Codes of the output `diagnosis`. */
  readonly codes: readonly string[];
  /** What the API server says that this run wrote. */
  readonly writes: readonly string[];
}

/** What a run in a process of its own told. */
export interface Ended {
  readonly remembered: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly failures: readonly { code: string; message: string }[];
  readonly lines: readonly string[];
}

/** A namespace of a real cluster, in which helm-deploy runs as the action does. */
export class Bench {
  readonly cluster: RealCluster;
  readonly namespace: string;
  readonly folder = mkdtempSync(join(tmpdir(), "eks-deploy-e2e-bench-"));
  private readonly helm: string;

  private constructor(cluster: RealCluster, namespace: string, program: string) {
    this.cluster = cluster;
    this.namespace = namespace;
    this.helm = program;
    writeSampleBundle(join(this.folder, "bundle"), 0.001);
  }

  static async open(cluster: RealCluster, namespace: string, major: 3 | 4): Promise<Bench> {
    return new Bench(cluster, namespace, await helm(major));
  }

  /** Inputs of a run; writes the values file for these models. */
  inputs(models: Readonly<Record<string, Model>>, { inputs, values, token = "admin" }: DeployOptions = {}) {
    const place = mkdtempSync(join(this.folder, "run-"));
    writeFileSync(join(place, "values.json"), JSON.stringify(valuesOf(models, values ?? {})));
    writeFileSync(join(place, "kubeconfig"), this.cluster.kubeconfig(token));
    return {
      bundle: join(this.folder, "bundle"),
      "values-file": join(place, "values.json"),
      kubeconfig: join(place, "kubeconfig"),
      namespace: this.namespace,
      "api-key": apiKey,
      ...inputs,
    };
  }

  /** Runs helm-deploy in this process. */
  async deploy(models: Readonly<Record<string, Model>>, options: DeployOptions = {}): Promise<Deployed> {
    const user = options.token ?? "admin";
    const mark = this.cluster.writes(user).length;
    const context = testContext({
      clock: fastClock(options.faster ?? 1),
      ambient: { temp: join(this.folder, "temp"), workspace: this.folder, path: dirname(this.helm) },
      ...(options.signal ? { signal: options.signal } : {}),
    });
    const runner = testRunner(this.inputs(models, options), context);
    const outcome = await runAction(helmDeploy, runner);
    const diagnoses = JSON.parse(runner.outputs["diagnosis"] || "[]") as Diagnosis[];
    return Object.assign(runner, {
      outcome,
      codes: diagnoses.map(({ code }) => code),
      writes: this.cluster.writes(user).slice(mark),
    });
  }

  /** Starts helm-deploy, or its post step, in a process group of its own. */
  start(models: Readonly<Record<string, Model>>, over: Partial<ProcessJob> = {}) {
    const place = mkdtempSync(join(this.folder, "process-"));
    const job: ProcessJob = {
      inputs: this.inputs(models),
      temp: place,
      workspace: this.folder,
      path: dirname(this.helm),
      clock: { factor: 1, start: Date.now() },
      run: { url: `https://github.com/acme/models/actions/runs/${Math.round(performance.now())}`, id: "1" },
      ...over,
    };
    writeFileSync(join(place, "job.json"), JSON.stringify(job));
    const child = spawn(process.execPath, [deployProcess, join(place, "job.json")], {
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
    });
    return { child, ended: endOf(child) };
  }

  /** Path of the API below this namespace: `path("apps/v1", "deployments")`. */
  path(group: string, resource: string, name = ""): string {
    const root = group === "v1" ? "/api/v1" : `/apis/${group}`;
    return `${root}/namespaces/${this.namespace}/${resource}${name && `/${name}`}`;
  }

  createNamespace(labels: Readonly<Record<string, string>> = {}): Promise<KubeObject> {
    const metadata = { name: this.namespace, labels };
    return this.cluster.api.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata });
  }

  pods(): Promise<readonly KubeObject[]> {
    return this.cluster.api.list(this.path("v1", "pods"));
  }

  /** Names of the pods that are not ending. */
  async podNames(): Promise<readonly string[]> {
    const living = (await this.pods()).filter(({ metadata }) => !metadata.deletionTimestamp);
    return living.map(({ metadata }) => metadata.name);
  }

  /** Statuses of helm's revisions, oldest first. */
  async revisions(): Promise<readonly string[]> {
    const secrets = await this.cluster.api.list(`${this.path("v1", "secrets")}?labelSelector=owner%3Dhelm`);
    const number = ({ metadata }: KubeObject) => Number(metadata.labels.version);
    return secrets.toSorted((a, b) => number(a) - number(b)).map(({ metadata }) => metadata.labels.status);
  }

  async leases(): Promise<readonly KubeObject[]> {
    return this.cluster.api.list(this.path("coordination.k8s.io/v1", "leases"));
  }

  /** Ends the namespace; its GPUs are free again when this returns. */
  async close(): Promise<void> {
    const { api } = this.cluster;
    await api.remove(this.path("apps/v1", "deployments"));
    await waitUntil(`the pods of ${this.namespace} are gone`, async () => (await this.pods()).length === 0);
    await api.remove(`/api/v1/namespaces/${this.namespace}`);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const deployProcess = resolve(import.meta.dirname, "../../test/integration/deploy/deploy-process.ts");

function endOf(child: ChildProcess): Promise<Ended> {
  let text = "";
  child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return new Promise((done) => {
    child.once("close", () => {
      const parts = text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Partial<Ended>);
      const remembered = Object.assign({}, ...parts.map((part) => part.remembered ?? {}));
      done({ outputs: {}, failures: [], lines: [], ...parts.at(-1), remembered });
    });
  });
}

/** The guide's values, in short. */
function valuesOf(models: Readonly<Record<string, Model>>, more: Readonly<Record<string, unknown>>) {
  return {
    fullnameOverride: "inference",
    image: { registry },
    serviceAccount: { create: true, annotations: {} },
    authentication: { secretName: "vllm-auth" },
    ingress: {
      enabled: true,
      className: "alb",
      annotations: {
        "alb.ingress.kubernetes.io/scheme": "internal",
        "alb.ingress.kubernetes.io/target-type": "ip",
        "alb.ingress.kubernetes.io/listen-ports": '[{"HTTPS":443}]',
        "alb.ingress.kubernetes.io/group.name": "poolside",
        "alb.ingress.kubernetes.io/certificate-arn": "arn:aws:acm:us-east-2:210987654321:certificate/0f1e",
      },
    },
    models: Object.fromEntries(
      Object.entries(models).map(([key, { gpus = 1, values = {} }]) => [
        key,
        {
          model: `s3://acme-models/checkpoints/${key}`,
          modelName: key,
          modelType: "agent",
          gpus,
          ingressHost: `${key}.dev.example.com`,
          ...values,
        },
      ]),
    ),
    ...more,
  };
}
