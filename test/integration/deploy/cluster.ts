import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { Faults } from "../../../sandbox/faults.ts";
import { type Kubernetes, type KubernetesOptions, startKubernetes } from "../../../sandbox/kubernetes/cluster.ts";
import { RequestLog } from "../../../sandbox/requests.ts";
import { createAuthority } from "../../../sandbox/tls.ts";
import { helm as helmBinary } from "../../../sandbox/tools.ts";
import { runAction } from "../../../src/action/run.ts";
import { helmDeploy } from "../../../src/actions/helm-deploy/index.ts";
import { type Clock, systemClock } from "../../../src/retry.ts";
import { testContext } from "../../support/context.ts";
import { type TestRunner, testRunner } from "../../support/runner.ts";

const chart = resolve(import.meta.dirname, "../../../sandbox/sample/chart/inference");

/** A model as the tests write it. */
export interface Model {
  readonly gpus?: number;
  readonly tag?: string;
  readonly values?: Readonly<Record<string, unknown>>;
}

/** A cluster with a workspace, in which helm-deploy runs as an action does. */
export interface Bench {
  readonly kubernetes: Kubernetes;
  readonly requests: RequestLog;
  readonly faults: Faults;
  readonly folder: string;
  readonly helm: string;
  /** Inputs that every run gets; writes the values file for these models. */
  inputs(models: Readonly<Record<string, Model>>, more?: DeployOptions): Readonly<Record<string, string>>;
  /** Runs helm-deploy on these models. */
  deploy(models: Readonly<Record<string, Model>>, more?: DeployOptions): Promise<Deployed>;
  close(): Promise<void>;
}

export interface DeployOptions {
  readonly inputs?: Readonly<Record<string, string>>;
  readonly values?: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
  /** Folder of the helm to use, instead of the bench's own. */
  readonly path?: string;
}

export interface Deployed extends TestRunner {
  /** `writes` of this run, as `create leases models/x`. */
  readonly writes: readonly string[];
  readonly outcome: string;
}

export async function startBench(
  major: 3 | 4,
  options: Partial<KubernetesOptions> & { readonly pace?: number; readonly clock?: Clock } = {},
): Promise<Bench> {
  const { pace = 0.01, clock = systemClock, ...kubernetesOptions } = options;
  const requests = new RequestLog();
  const faults = new Faults();
  const authority = await createAuthority();
  const kubernetes = await startKubernetes({
    ground: {
      requests,
      faults,
      now: () => clock.now(),
      pace,
      onDefect: (error) => {
        throw error;
      },
    },
    authority,
    authenticate: (token) => (token === "admin" ? { user: "admin", groups: ["system:masters"] } : undefined),
    ...kubernetesOptions,
  });
  const folder = mkdtempSync(join(tmpdir(), "eks-deploy-bench-"));
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(kubeconfig, kubernetes.kubeconfig("admin"));
  const helm = await helmBinary(major);
  const inputs: Bench["inputs"] = (models, more = {}) => {
    const values = join(folder, "values.yaml");
    writeFileSync(values, JSON.stringify(valuesOf(models, more.values ?? {})));
    return { chart, "values-file": values, kubeconfig, "api-key": "canary-key-7431", ...more.inputs };
  };
  return {
    kubernetes,
    requests,
    faults,
    folder,
    helm,
    inputs,
    async deploy(models, more = {}) {
      const mark = requests.all.length;
      const context = testContext({
        clock,
        ambient: { temp: join(folder, "temp"), workspace: folder, path: more.path ?? dirname(helm) },
        ...(more.signal ? { signal: more.signal } : {}),
      });
      const runner = testRunner(inputs(models, more), context);
      const outcome = await runAction(helmDeploy, runner);
      const writes = requests.writes(mark).map((request) => `${request.name} ${request.resource}`);
      return Object.assign(runner, { outcome, writes });
    },
    async close() {
      await kubernetes.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The guide's values, in short. */
function valuesOf(models: Readonly<Record<string, Model>>, more: Readonly<Record<string, unknown>>) {
  return {
    fullnameOverride: "inference",
    image: { registry: "210987654321.dkr.ecr.us-east-2.amazonaws.com" },
    serviceAccount: {
      create: true,
      annotations: { "eks.amazonaws.com/role-arn": "arn:aws:iam::210987654321:role/inference-pod-role" },
    },
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
      Object.entries(models).map(([key, model]) => [
        key,
        {
          model: `s3://acme-models/checkpoints/${key}`,
          modelName: key,
          modelType: "agent",
          gpus: model.gpus ?? 1,
          ingressHost: `${key}.dev.example.com`,
          ...model.values,
        },
      ]),
    ),
    ...more,
  };
}
