import { relative, resolve } from "node:path";
import type { Context, Finding } from "../action/context.ts";
import type { Change } from "../action/plan.ts";
import type { Aws } from "../aws/session.ts";
import type { Chart } from "../bundle/chart.ts";
import { openChart } from "../bundle/open-chart.ts";
import { namesCluster } from "../cluster/connect.ts";
import { asEksDeployError, UserError } from "../errors.ts";
import type { PushedImages } from "../facts/pushed-image.ts";
import { type AwsFacts, awsFacts, notLookedAt } from "./aws-facts.ts";
import { chosenSslPolicy } from "./check/aws.ts";
import { arnsOf } from "./check/certificate.ts";
import { coalesced, refuseStack } from "./check/chart.ts";
import { type Evidence, findingsOf } from "./check/findings.ts";
import { refuse } from "./check/refuse.ts";
import { type ClusterFacts, clusterFacts } from "./cluster.ts";
import { type ValuesFile, valuesFile } from "./document.ts";
import { helmTemplate } from "./helm-template.ts";
import type { Values } from "./merge.ts";
import { placesIn } from "./places.ts";
import { type RecordedSources, recordedSources } from "./recorded.ts";
import { type RenderedModel, renderedModels, renderValues } from "./render.ts";
import type { RenderMeans, RenderSettings } from "./settings.ts";
import { wantedOf } from "./wanted.ts";
import { writeIfChanged } from "./write.ts";

/** The values, rendered and checked. */
export interface ObservedValues {
  readonly values: Values;
  readonly file: ValuesFile;
  /** Relative to the workspace where it lies below it. */
  readonly path: string;
  readonly models: readonly RenderedModel[];
  readonly chart: Chart;
  readonly facts: AwsFacts | undefined;
  /** Values of the revision that is deployed; undefined where there is none, or it could not be read. */
  readonly live: Values | undefined;
}

/**
 * Reads chart, live release and AWS, renders the values and checks them; everything that is wrong is told at once. The file is written here,
 * where it differs: it lies on the runner like a report, later steps of a plan read it, and so it is no change of the world.
 */
export async function observeValues(
  settings: RenderSettings,
  means: RenderMeans,
  upcoming: readonly Change[],
  ctx: Context,
): Promise<ObservedValues> {
  const recorded = await recordedSources(settings, means, ctx);
  const chart = await readChart(settings, recorded, means, ctx);
  refuseStack(chart);
  const notes: Finding[] = [];
  const cluster = await lookInCluster(settings, means, notes, ctx);
  const live = cluster?.live;
  const registry = settings.registry ?? ownRegistry(await means.aws(), means);
  const { values, overridden } = renderValues(wantedOf(settings, registry, live, recorded, means.find));
  const models = renderedModels(values);
  const file = valuesFile(values);
  const all = coalesced(chart, values);
  const pushed = Object.keys(settings.imageDigests).length > 0 ? settings.imageDigests : (recorded?.images ?? {});
  const [facts, templated] = await Promise.all([
    settings.checkAws ? lookInAws(all, models, pushed, await means.aws(), ctx) : undefined,
    helmTemplate(chart, file.text, settings, ctx),
  ]);
  const evidence: Evidence = {
    values,
    all,
    overridden,
    models,
    identity: settings.identityValues,
    chart,
    facts,
    objects: templated.objects,
    live,
    gpuNodes: cluster?.gpuNodes,
    upcoming,
    acknowledged: settings.allowPublicWithoutKey,
    now: ctx.clock.now(),
  };
  const findings = [
    ...findingsOf(evidence, placesIn(means.find)),
    ...templated.findings,
    ...(facts?.notes ?? []),
    ...notes,
  ];
  tell(refuse(findings), means, ctx);
  const path = resolve(ctx.ambient.workspace, settings.output);
  await writeIfChanged(path, file.text);
  const below = relative(ctx.ambient.workspace, path);
  return { values, file, path: below.startsWith("..") ? path : below, models, chart, facts, live };
}

/** With a record the proven chart holds, not the one that lies in the bundle now. */
async function readChart(
  settings: RenderSettings,
  recorded: RecordedSources | undefined,
  means: RenderMeans,
  ctx: Context,
): Promise<Chart> {
  const place = settings.chart ?? recorded?.chart ?? settings.bundle;
  if (place) return openChart(place, { ctx, aws: means.aws });
  throw new UserError("VALUES_NO_CHART", {
    happened: "No chart was given.",
    next: "Give chart (its folder, a .tgz, s3://...tgz), bundle, or the report of push-images.",
  });
}

/** A cluster that cannot be asked is a check left out; where `only` needs it, rendering says so. */
async function lookInCluster(
  settings: RenderSettings,
  means: RenderMeans,
  notes: Finding[],
  ctx: Context,
): Promise<ClusterFacts | undefined> {
  if (!namesCluster(settings)) return undefined;
  try {
    return await clusterFacts(settings, means, ctx);
  } catch (thrown) {
    const error = asEksDeployError(thrown);
    if (error.code === "CANCELLED" || error.code === "INTERNAL") throw error;
    notes.push(notLookedAt(`the live release ${settings.release}`, error.happened));
    return undefined;
  }
}

/** ECR of this account, with the spec's prefix of repositories: where push-images would put the images. */
function ownRegistry(aws: Aws, means: RenderMeans): string {
  const prefix = String(means.find("images.repositoryPrefix")?.value ?? "").replace(/\/+$/, "");
  const host = `${aws.account}.dkr.ecr.${aws.region}.${aws.dnsSuffix}`;
  return prefix === "" ? host : `${host}/${prefix}`;
}

function lookInAws(
  all: Values,
  models: readonly RenderedModel[],
  pushed: PushedImages,
  aws: Aws,
  ctx: Context,
): Promise<AwsFacts> {
  const here = arnsOf(all).filter((arn) => arn.includes(`:acm:${aws.region}:${aws.account}:`));
  return awsFacts({ certificateArns: here, models, all, pushed, sslPolicy: chosenSslPolicy(all) }, aws, ctx);
}

/** A chain plans twice; each warning is told once. */
function tell(warnings: readonly Finding[], means: RenderMeans, ctx: Context): void {
  for (const finding of warnings) {
    const words = `${finding.code} ${finding.happened}`;
    if (means.told.has(words)) continue;
    means.told.add(words);
    ctx.log.finding(finding);
  }
}
