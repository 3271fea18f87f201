import type { Finding } from "../../action/context.ts";
import type { Change } from "../../action/plan.ts";
import type { Chart } from "../../bundle/chart.ts";
import type { AwsFacts } from "../aws-facts.ts";
import type { GpuNode } from "../cluster.ts";
import type { RenderedObject } from "../helm-template.ts";
import type { Overridden, Values } from "../merge.ts";
import type { Places } from "../places.ts";
import type { RenderedModel } from "../render.ts";
import { imageFindings, prefixFindings, sslPolicyFindings } from "./aws.ts";
import { arnFindings, arnsOf, certificateFindings, coverFindings, noCertificate } from "./certificate.ts";
import { chartFindings } from "./chart.ts";
import { gpuFindings } from "./gpus.ts";
import { hostFindings, hostsOf } from "./hosts.ts";
import { ingressFindings } from "./ingress.ts";
import { liveFindings } from "./live.ts";
import { modelFindings } from "./models.ts";
import { objectFindings } from "./objects.ts";
import { overrideFindings } from "./override.ts";
import { publicFindings } from "./public.ts";

/** Everything that the checks may look at. */
export interface Evidence {
  /** The finished values; what free values changed of them is in `overridden`. */
  readonly values: Values;
  /** The values over the chart's defaults. */
  readonly all: Values;
  readonly overridden: readonly Overridden[];
  readonly models: readonly RenderedModel[];
  /** ensure-irsa's fragment. */
  readonly identity: Values;
  readonly chart: Chart;
  /** Absent with `check-aws: false`. */
  readonly facts: AwsFacts | undefined;
  /** What helm renders; absent where it could not. */
  readonly objects: readonly RenderedObject[] | undefined;
  readonly live: Values | undefined;
  readonly gpuNodes: readonly GpuNode[] | undefined;
  readonly upcoming: readonly Change[];
  readonly acknowledged: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Everything that is wrong or doubtful; pure. */
export function findingsOf(evidence: Evidence, places: Places): readonly Finding[] {
  const { values, all, models, facts, objects, upcoming } = evidence;
  return [
    ...publicFindings(all, evidence.acknowledged, places),
    ...modelFindings(models, values, places),
    ...hostFindings(hostsOf(all), places),
    ...ingressFindings(all, places),
    ...chartFindings(values, evidence.chart, places),
    ...(facts ? certificates(evidence, facts, places) : []),
    ...(facts ? prefixFindings(models, facts, upcoming, places) : []),
    ...(facts ? sslPolicyFindings(all, facts.sslPolicyKnown, places) : []),
    ...(facts ? imageFindings(facts.images, upcoming) : []),
    ...(objects ? objectFindings(objects, models, all, evidence.identity) : []),
    ...gpuFindings(models, evidence.gpuNodes, facts?.prefixes, places),
    ...liveFindings(all, evidence.live, places),
    ...overrideFindings(evidence.overridden, places),
  ];
}

/** Coverage is judged only where every certificate could be read: an unread one may cover what the others do not. */
function certificates({ all, now }: Evidence, facts: AwsFacts, places: Places): readonly Finding[] {
  const arns = arnsOf(all);
  if (arns.length === 0) return [noCertificate(places)];
  const read = facts.certificates.filter(({ status }) => status !== "NOT_FOUND");
  return [
    ...arnFindings(arns, facts, places),
    ...facts.certificates.flatMap((certificate) => certificateFindings(certificate, now, places)),
    ...(read.length === arns.length ? coverFindings(read, hostsOf(all), places) : []),
  ];
}
