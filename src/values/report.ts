import { createTwoFilesPatch } from "diff";
import type { Report } from "../action/action.ts";
import { count } from "../action/describe.ts";
import type { Block } from "../action/summary.ts";
import { alb } from "./annotations.ts";
import { arnsOf } from "./check/certificate.ts";
import { listenersOf } from "./check/ingress.ts";
import { emitYaml } from "./emit.ts";
import { type Values, valueAt } from "./merge.ts";
import { isMap } from "./model.ts";
import type { ObservedValues } from "./observe.ts";

/** Models, hosts, GPUs and prefixes; what the load balancer will do; what differs from the live release. */
export function valuesReport(observed: ObservedValues): Report {
  const { models, chart, path } = observed;
  return {
    headline: `Rendered the values of ${count(models.length, "model")} for ${chart.name} ${chart.version} into ${path}.`,
    blocks: [
      {
        kind: "table",
        head: ["model", "host", "served as", "type", "GPUs", "prefix"],
        right: [4],
        rows: models.map((model) => [
          model.key,
          model.host,
          model.modelName,
          model.modelType,
          String(model.gpus),
          `\`${model.prefix}\``,
        ]),
      },
      { kind: "text", text: balancerText(observed) },
      ...differences(observed),
    ],
  };
}

function balancerText({ values, facts }: ObservedValues): string {
  const annotation = (name: string) => String(valueAt(values, "ingress", "annotations", alb + name) ?? "");
  const arns = arnsOf(values);
  const ends = facts?.certificates.flatMap(({ notAfter }) => (notAfter === undefined ? [] : [notAfter])) ?? [];
  const until = ends.length > 0 ? `, valid until ${new Date(Math.min(...ends)).toISOString().slice(0, 10)}` : "";
  const certificate =
    arns.length === 0 ? "no certificate named" : `certificate ${arns.map((arn) => `\`${arn}\``).join(", ")}${until}`;
  const http = listenersOf(annotation("listen-ports"))?.some(({ protocol }) => protocol === "HTTP");
  const port80 = http
    ? "Port 80 redirects to HTTPS."
    : "Port 80 is closed: ssl-redirect acts only where an HTTP listener exists (`ingress.httpRedirect: true` makes one).";
  return `Load balancer: ${annotation("scheme") || "internal"}, group ${annotation("group.name")}, ${certificate}. ${port80}`;
}

/** What changes against the live release, in sorted YAML. */
function differences({ values, live }: ObservedValues): readonly Block[] {
  if (!live) return [];
  const [before, after] = [emitYaml(sorted(live)), emitYaml(sorted(values))];
  if (before === after) return [{ kind: "text", text: "The live release has exactly these values." }];
  const patch = createTwoFilesPatch("live", "rendered", before, after, undefined, undefined, { context: 3 });
  return [
    {
      kind: "details",
      title: "Differences from the live values",
      blocks: [{ kind: "code", language: "diff", text: patch }],
    },
  ];
}

function sorted(values: Values): Values {
  return Object.fromEntries(
    Object.keys(values)
      .sort()
      .map((key) => [key, isMap(values[key]) ? sorted(values[key]) : values[key]]),
  );
}
