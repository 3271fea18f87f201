import type { Context } from "../action/context.ts";
import { type Contract, camel } from "../action/contract.ts";
import type { InputSources } from "../action/load.ts";
import { planDigest } from "../action/plan.ts";
import type { Aws } from "../aws/session.ts";
import type { Json } from "../canonical.ts";
import type { RecordedCheckpoint, RecordedImage, ReleaseRecord } from "../record/record.ts";
import { loadSpec } from "../spec/load.ts";
import { toolVersion } from "../version.ts";
import { type Joined, outputsOf } from "./chain.ts";
import type { Ended } from "./command.ts";
import type { RecordInputs } from "./publish.ts";

/** The record of a chain that was carried out and proven. */
export async function recordOf(
  ended: Ended,
  common: RecordInputs,
  aws: Pick<Aws, "account" | "region">,
  chain: readonly Joined[],
  sources: InputSources,
  ctx: Context,
): Promise<ReleaseRecord> {
  const outputs = outputsOf(chain);
  const deploy = (chain.find((joined) => joined.name === "helm-deploy")?.inputs ?? {}) as Record<string, unknown>;
  const { run } = ctx.ambient;
  const spec = await loadSpec(sources.input("spec"), common.environment, ctx);
  return {
    version: 1,
    tool: toolVersion,
    environment: common.environment ?? "default",
    release: String(deploy["release"]),
    namespace: String(deploy["namespace"]),
    cluster: String(deploy["cluster"] ?? deploy["context"] ?? ""),
    account: aws.account,
    region: aws.region,
    specSha256: spec?.sha256,
    resolved: resolvedOf(chain, sources),
    ...provenBytes(outputs),
    revision: Number(outputs["revision"] ?? 0),
    models: (outputs["renderedModels"] ?? []) as Json,
    smoke: (outputs["results"] ?? {}) as Json,
    planSha256: planDigest(ended.plan!),
    run: { url: run.url, actor: run.actor, repository: run.repository, sha: run.sha },
    startedAt: new Date(ended.observed?.startedAt ?? ctx.clock.now()).toISOString(),
    finishedAt: new Date(ctx.clock.now()).toISOString(),
  };
}

/** The part of a record that says which bytes were proven, from the outputs of a chain. */
export function provenBytes(
  outputs: Readonly<Record<string, unknown>>,
): Pick<ReleaseRecord, "images" | "checkpoints" | "chart" | "valuesSha256" | "identity"> {
  return {
    images: imagesOf(outputs["images"]),
    checkpoints: checkpointsOf(outputs["prefixes"], outputs["manifests"]),
    chart: {
      sha256: String(outputs["chartSha256"] ?? ""),
      version: String(outputs["chartVersion"] ?? ""),
      place: String(outputs["chart"] ?? ""),
    },
    valuesSha256: String(outputs["valuesSha256"] ?? ""),
    identity: { roleArn: String(outputs["roleArn"] ?? ""), policyArn: String(outputs["policyArn"] ?? "") },
  };
}

/** Every plain input that had a value, with its origin. Secrets and sources (which may be presigned URLs) stay out. */
function resolvedOf(chain: readonly Joined[], sources: InputSources): ReleaseRecord["resolved"] {
  const resolved: Record<string, { value: Json; origin: string }> = {};
  for (const joined of chain) {
    const inputs = joined.inputs as Record<string, unknown> | undefined;
    for (const [name, input] of Object.entries(joined.link.action.contract.inputs as Contract["inputs"])) {
      const value = inputs?.[camel(name)];
      if (input.secret || value === undefined || typeof value === "object") continue;
      resolved[`${joined.name}.${name}`] = { value: value as Json, origin: originOf(name, input.spec, sources) };
    }
  }
  return resolved;
}

function originOf(name: string, spec: Contract["inputs"][string]["spec"], sources: InputSources): string {
  if (sources.input(name)) return `input ${name}`;
  const located = typeof spec === "string" ? sources.spec(spec) : spec?.(sources.spec, sources.input);
  return located?.origin ?? "default";
}

function imagesOf(value: unknown): Readonly<Record<string, RecordedImage>> {
  const images = (value ?? {}) as Record<string, RecordedImage>;
  return Object.fromEntries(
    Object.entries(images).map(([name, { repository, tag, digest }]) => [name, { repository, tag, digest }]),
  );
}

function checkpointsOf(prefixes: unknown, manifests: unknown): Readonly<Record<string, RecordedCheckpoint>> {
  const known = (manifests ?? {}) as Record<
    string,
    { digest?: string; files?: number; bytes?: number; parameters?: number }
  >;
  return Object.fromEntries(
    Object.entries((prefixes ?? {}) as Record<string, string>).map(([key, prefix]) => {
      const { digest, files, bytes, parameters } = known[key] ?? {};
      return [key, { prefix, manifest: digest, files, bytes, parameters }];
    }),
  );
}
