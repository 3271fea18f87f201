import type { Finding } from "../../action/context.ts";
import { type Chart, presetImages } from "../../bundle/chart.ts";
import { UserError } from "../../errors.ts";
import { mergeValues, type Values, valueAt } from "../merge.ts";
import { isMap } from "../model.ts";
import type { Places } from "../places.ts";
import { chartKeyFindings } from "./chart-keys.ts";
import { schemaFindings } from "./chart-schema.ts";

/** The values over the chart's defaults, as templates see them; a null takes the default away. */
export function coalesced(chart: Pick<Chart, "values">, values: Values): Values {
  return withoutNulls(mergeValues(chart.values, values));
}

function withoutNulls(values: Values): Values {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([key, value]) => [key, isMap(value) ? withoutNulls(value) : value]),
  );
}

/** Whether the values fit the chart: its keys, its schema, its presets. */
export function chartFindings(values: Values, chart: Chart, places: Places): readonly Finding[] {
  const all = coalesced(chart, values);
  const keys = chartKeyFindings(values, chart, places);
  return [...keys, ...schemaFindings(all, chart, places), ...presetFindings(all, chart)];
}

/** Refuses the platform's chart by name before anything is compared with it (`VALUES_CHART_STACK`). */
export function refuseStack(chart: Chart): void {
  if (!isStack(chart)) return;
  throw new UserError("VALUES_CHART_STACK", {
    happened: `The chart ${chart.label} is ${chart.name} ${chart.version}: the platform's inference-stack, not the standalone chart inference.`,
    next: "Give the chart charts/inference of the deployment bundle.",
  });
}

/** The platform's chart keeps its models one level deeper, behind a proxy of its own. */
function isStack(chart: Chart): boolean {
  return chart.name === "inference-stack" || isMap(valueAt(chart.values, "inference", "models"));
}

function presetFindings(all: Values, chart: Chart): readonly Finding[] {
  const docs = valueAt(all, "docs", "enabled") === true;
  const presets = new Map(presetImages({ values: all }).map((preset) => [preset.key, preset]));
  return ["image", ...(docs ? ["docs.image"] : [])].flatMap((key): readonly Finding[] => {
    const preset = presets.get(key);
    if (preset?.tag !== undefined) return [];
    return [
      {
        code: "VALUES_CHART_PRESET",
        level: preset ? "warning" : "error",
        happened: `The chart ${chart.label} presets no ${key}.${preset ? "tag" : "name"}.`,
        next: `Use the chart as it came in the bundle, or set ${key}.name and ${key}.tag in values.`,
      },
    ];
  });
}
