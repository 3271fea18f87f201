import type { Context } from "../action/context.ts";
import type { Aws } from "../aws/session.ts";
import type { Json } from "../canonical.ts";
import type { RecordedCheckpoint, RecordedImage, ReleaseRecord } from "../record/record.ts";
import { loadSpec } from "../spec/load.ts";
import { toolVersion } from "../version.ts";

/** What a record is made of, beside who runs this and when. */
export interface Proof {
  /** Outputs of the six by name. */
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly place: {
    readonly environment: string | undefined;
    readonly release: string;
    readonly namespace: string;
    readonly cluster: string | undefined;
    readonly context: string | undefined;
  };
  readonly aws: Pick<Aws, "account" | "region">;
  readonly resolved: ReleaseRecord["resolved"];
  readonly planSha256: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** The input `spec`. */
  readonly spec: string | undefined;
  readonly promotedFrom?: ReleaseRecord["promotedFrom"];
}

/** The record of a release that was carried out and proven. */
export async function recordOf(proof: Proof, ctx: Context): Promise<ReleaseRecord> {
  const { outputs, place, aws, promotedFrom } = proof;
  const { run } = ctx.ambient;
  const spec = await loadSpec(proof.spec, place.environment, ctx);
  return {
    version: 1,
    tool: toolVersion,
    environment: place.environment ?? "default",
    release: place.release,
    namespace: place.namespace,
    cluster: place.cluster ?? place.context ?? "",
    account: aws.account,
    region: aws.region,
    ...(spec ? { specSha256: spec.sha256 } : {}),
    resolved: proof.resolved,
    ...provenBytes(outputs),
    revision: Number(outputs["revision"] ?? 0),
    models: (outputs["renderedModels"] ?? []) as Json,
    smoke: (outputs["results"] ?? {}) as Json,
    planSha256: proof.planSha256,
    run: { url: run.url, actor: run.actor, repository: run.repository, sha: run.sha },
    startedAt: new Date(proof.startedAt).toISOString(),
    finishedAt: new Date(ctx.clock.now()).toISOString(),
    ...(promotedFrom ? { promotedFrom } : {}),
  };
}

/** The part of a record that says which bytes were proven, from the outputs of the six. */
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
