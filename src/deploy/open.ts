import { resolve } from "node:path";
import type { Context } from "../action/context.ts";
import type { SourceRef } from "../action/references.ts";
import type { Secret } from "../action/secret.ts";
import { type Aws, connectAws } from "../aws/session.ts";
import { keepChart } from "../bundle/chart-cache.ts";
import { openChart } from "../bundle/open-chart.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { type ClusterChoice, connectCluster } from "../cluster/connect.ts";
import { UserError } from "../errors.ts";
import { type ApiKeyInputs, apiKey } from "../facts/api-key.ts";
import { releaseOwner } from "../facts/owner.ts";
import type { PushedImages } from "../facts/pushed-image.ts";
import { releaseRecord } from "../facts/release-record.ts";
import { findHelm, type Helm } from "../helm/find.ts";
import type { BegunRevision } from "./apply.ts";
import type { HeldLease } from "./lease.ts";
import type { WantedRelease } from "./plan.ts";
import type { HelmContent } from "./render.ts";
import type { Replaced } from "./replaced.ts";
import { secretDigest, type WantedSecret } from "./secrets.ts";
import { readValues } from "./values.ts";

/** The inputs of helm-deploy, as far as the room acts on them. Durations are ms. */
export interface DeployInputs extends ApiKeyInputs, ClusterChoice {
  readonly bundle: SourceRef | undefined;
  readonly chart: SourceRef | undefined;
  readonly valuesFile: string;
  readonly imageDigests: PushedImages;
  readonly fromRecord: string | undefined;
  readonly release: string;
  readonly namespace: string;
  readonly environment: string | undefined;
  readonly records: string | undefined;
  readonly authenticationSecret: string;
  readonly s3AccessKeyId: Secret | undefined;
  readonly s3SecretAccessKey: Secret | undefined;
  readonly s3Secret: string;
  readonly timeout: number;
  readonly stallTimeout: number;
  readonly lockTimeout: number;
  readonly onFailure: "rollback" | "keep";
  readonly onCancel: "leave" | "rollback";
  readonly preflight: "true" | "only" | "false";
  readonly accept: readonly string[];
  readonly helmVersion: string;
  readonly surge: "auto" | "recreate" | "wait";
  readonly dns: "none" | "route53";
  readonly hostedZoneId: string | undefined;
}

/** What the steps of helm-deploy talk through. */
export interface Deployment {
  readonly cluster: Cluster;
  readonly helm: Helm;
  readonly aws: () => Promise<Aws>;
  /** The inputs, chart and values that were last observed: in a chain they are read again after the steps before. */
  inputs: DeployInputs;
  content: HelmContent;
  wanted: Omit<WantedRelease, "objects">;
  /** Images with the digests that pods must run: as pushed, else as the record says. */
  pushed: PushedImages;
  /** S3 prefix of each model, by key. */
  prefixes: Readonly<Record<string, string>>;
  /** Held from before apply until `close`. */
  lease?: HeldLease;
  /** Set just before helm writes. Until it is set there is nothing to undo. */
  began?: BegunRevision;
  /** What the run wrote over beside helm. */
  replaced?: Replaced;
  /** The rollout was overtaken: nothing is undone. */
  superseded: boolean;
}

/** Opens cluster, helm, chart and values. Nothing is written outside the runner, and no request is sent to the cluster. */
export async function openDeployment(inputs: DeployInputs, ctx: Context): Promise<Deployment> {
  const aws = () =>
    connectAws({ region: inputs.awsRegion, accountId: inputs.awsAccountId, role: inputs.roleToAssume }, ctx);
  const [cluster, helm] = await Promise.all([connectCluster(inputs, { ctx, aws }), findHelm(inputs.helmVersion, ctx)]);
  const read = await readWish(inputs, cluster, aws, ctx);
  return { cluster, helm, aws, inputs, ...read, superseded: false };
}

/** Reads chart, values and key anew: what the steps before have put out may differ from what was planned. */
export async function refresh(deployment: Deployment, inputs: DeployInputs, ctx: Context): Promise<void> {
  if (deployment.inputs === inputs) return;
  Object.assign(deployment, { inputs, ...(await readWish(inputs, deployment.cluster, deployment.aws, ctx)) });
}

async function readWish(
  inputs: DeployInputs,
  cluster: Cluster,
  aws: () => Promise<Aws>,
  ctx: Context,
): Promise<Pick<Deployment, "content" | "wanted" | "pushed" | "prefixes">> {
  const place = inputs.chart ?? inputs.bundle;
  if (!place) {
    throw new UserError("DEPLOY_NO_CHART", {
      happened: "No chart was given.",
      next: "Give chart or bundle, or run push-images before this step.",
    });
  }
  const [chart, values, key, pushed] = await Promise.all([
    openChart(place, { ctx, aws }),
    readValues(resolve(ctx.ambient.workspace, inputs.valuesFile)),
    apiKey(inputs, ctx),
    pushedImages(inputs, ctx),
  ]);
  const secrets = wantedSecrets(inputs, key);
  const name = cluster.endpoint.name;
  return {
    pushed,
    prefixes: values.prefixes,
    content: { chart: await keepChart(chart, ctx), values: values.path },
    wanted: {
      release: inputs.release,
      namespace: inputs.namespace,
      cluster: name,
      chart: { name: chart.name, version: chart.version, sha256: chart.archive.sha256 },
      valuesDigest: values.digest,
      models: values.models,
      secrets,
      secretDigests: Object.fromEntries(
        secrets.map((secret) => [secret.name, secretDigest(secret, `${name}/${inputs.namespace}`)]),
      ),
      owner: releaseOwner(inputs.release, inputs.environment),
      accept: inputs.accept,
      recreate: inputs.surge === "recreate",
    },
  };
}

/** What push-images put out; without it what the record names. */
async function pushedImages(inputs: DeployInputs, ctx: Context): Promise<PushedImages> {
  if (Object.keys(inputs.imageDigests).length > 0 || !inputs.fromRecord) return inputs.imageDigests;
  return (await releaseRecord(inputs.fromRecord, inputs.release, inputs, ctx)).record.images;
}

/** AWS may be asked about what surrounds the cluster: it was named, by an EKS cluster, an account or a role. A kubeconfig alone names none. */
export function mayAskAws(inputs: DeployInputs): boolean {
  const byKubeconfig = Boolean(inputs.kubeconfig || inputs.context);
  return !byKubeconfig || inputs.awsAccountId !== undefined || inputs.roleToAssume !== undefined;
}

function wantedSecrets(inputs: DeployInputs, key: Secret | undefined): readonly WantedSecret[] {
  const secrets: WantedSecret[] = [];
  if (key && inputs.authenticationSecret !== "")
    secrets.push({
      name: inputs.authenticationSecret,
      data: { VLLM_API_KEY: key },
      purpose: "API key of the model servers",
    });
  if (inputs.s3AccessKeyId && inputs.s3SecretAccessKey)
    secrets.push({
      name: inputs.s3Secret,
      data: { AWS_ACCESS_KEY_ID: inputs.s3AccessKeyId, AWS_SECRET_ACCESS_KEY: inputs.s3SecretAccessKey },
      purpose: "static access key for the checkpoints",
    });
  return secrets;
}
