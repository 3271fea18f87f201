import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Finished } from "../action/action.ts";
import type { Context } from "../action/context.ts";
import { type Contract, camel } from "../action/contract.ts";
import type { InputSources } from "../action/load.ts";
import { planDigest } from "../action/plan.ts";
import { connectAws } from "../aws/session.ts";
import type { Json } from "../canonical.ts";
import { type Named, readLatest, writeRecord } from "../record/latest.ts";
import { type RecordedCheckpoint, type RecordedImage, type ReleaseRecord, recordBytes } from "../record/record.ts";
import { openStore } from "../record/store.ts";
import { toolVersion } from "../version.ts";
import type { Joined } from "./chain.ts";

/** What the root action observed: its chain, and when it began. */
export interface ReleaseRun {
  readonly joined: readonly Joined[];
  readonly startedAt: number;
}

/** Where the record of a release is. */
export interface Published {
  readonly path: string;
  readonly uri: string;
  readonly sha256: string;
}

type Ended = Finished<Contract, ReleaseRun, readonly Joined[], void>;

/**
 * Writes the record of a proven release into `records`; for a release that changed nothing, names the one that is `latest`.
 * Nothing is written in a dry run, after a failure, or after an empty release.
 */
export async function recordRelease(
  ended: Ended,
  chain: readonly Joined[],
  sources: InputSources,
  ctx: Context,
): Promise<Published | undefined> {
  const inputs = ended.inputs as unknown as CommonValues;
  if (ended.outcome !== "done" || ended.dryRun || inputs.command !== "release" || !inputs.records || !ended.plan)
    return undefined;
  const aws = await connectAws(
    { region: inputs.awsRegion, accountId: inputs.awsAccountId, role: inputs.roleToAssume },
    ctx,
  );
  const store = await openStore(inputs.records, aws);
  if (ended.plan.changes.length === 0) {
    const latest = await readLatest(store, inputs.environment, String(inputs.release));
    return latest && keep(latest, ctx);
  }
  return keep(await writeRecord(store, recordOf(ended, inputs, aws, chain, sources, ctx)), ctx);
}

interface CommonValues {
  readonly command: string;
  readonly environment: string | undefined;
  readonly records: string | undefined;
  readonly awsRegion: string | undefined;
  readonly awsAccountId: string | undefined;
  readonly roleToAssume: string | undefined;
  readonly release: string | undefined;
}

async function keep(named: Named, ctx: Context): Promise<Published> {
  const folder = join(ctx.ambient.temp, "eks-deploy", "release");
  await mkdir(folder, { recursive: true });
  const path = join(folder, "record.json");
  await writeFile(path, recordBytes(named.record));
  return { path, uri: named.uri, sha256: named.sha256 };
}

function recordOf(
  ended: Ended,
  common: CommonValues,
  aws: { account: string; region: string },
  chain: readonly Joined[],
  sources: InputSources,
  ctx: Context,
): ReleaseRecord {
  const outputs = ended.outputs as Record<string, unknown>;
  const deploy = (chain.find((joined) => joined.name === "helm-deploy")?.inputs ?? {}) as Record<string, unknown>;
  const { run } = ctx.ambient;
  return {
    version: 1,
    tool: toolVersion,
    environment: common.environment ?? "default",
    release: String(deploy["release"]),
    namespace: String(deploy["namespace"]),
    cluster: String(deploy["cluster"] ?? deploy["context"] ?? ""),
    account: aws.account,
    region: aws.region,
    resolved: resolvedOf(chain, sources),
    images: imagesOf(outputs["images"]),
    checkpoints: checkpointsOf(outputs["prefixes"], outputs["manifests"]),
    chart: {
      sha256: String(outputs["chartSha256"] ?? ""),
      version: String(outputs["chartVersion"] ?? ""),
      place: String(outputs["chart"] ?? ""),
    },
    valuesSha256: String(outputs["valuesSha256"] ?? ""),
    identity: { roleArn: String(outputs["roleArn"] ?? ""), policyArn: String(outputs["policyArn"] ?? "") },
    revision: Number(outputs["revision"] ?? 0),
    models: (outputs["renderedModels"] ?? []) as Json,
    smoke: (outputs["results"] ?? {}) as Json,
    planSha256: planDigest(ended.plan!),
    run: { url: run.url, actor: run.actor, repository: run.repository, sha: run.sha },
    startedAt: new Date(ended.observed?.startedAt ?? ctx.clock.now()).toISOString(),
    finishedAt: new Date(ctx.clock.now()).toISOString(),
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
