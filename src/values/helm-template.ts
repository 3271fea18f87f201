import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { Context, Finding } from "../action/context.ts";
import type { Chart } from "../bundle/chart.ts";
import { keepChart } from "../bundle/chart-cache.ts";
import { asEksDeployError } from "../errors.ts";
import { findHelm } from "../helm/find.ts";
import { runHelm } from "../helm/run.ts";
import { notLookedAt } from "./aws-facts.ts";
import { isMap } from "./model.ts";
import type { RenderSettings } from "./settings.ts";

/** An object that the chart renders. */
export type RenderedObject = Readonly<Record<string, unknown>>;

/** What the real helm makes of chart and values: its objects, or why there are none. */
export interface Templated {
  readonly objects: readonly RenderedObject[] | undefined;
  readonly findings: readonly Finding[];
}

/** Renders the chart with the real helm, without a cluster. Without a helm the check is left out, and said. */
export async function helmTemplate(
  chart: Chart,
  valuesText: string,
  settings: Pick<RenderSettings, "helmVersion" | "namespace" | "release">,
  ctx: Context,
): Promise<Templated> {
  const helm = await findHelm(settings.helmVersion, ctx).catch((thrown: unknown) => asEksDeployError(thrown));
  if (helm instanceof Error) {
    if (helm.code === "CANCELLED" || helm.code === "HELM_VERSION_RANGE") throw helm;
    return { objects: undefined, findings: [notLookedAt("what helm renders", helm.happened)] };
  }
  const folder = await mkdtemp(join(ctx.ambient.temp, "eks-deploy-values-"));
  try {
    const values = join(folder, "values.yaml");
    await writeFile(values, valuesText, { mode: 0o600 });
    const archive = await keepChart(chart, ctx);
    const args = ["template", settings.release, archive, "--namespace", settings.namespace, "--values", values];
    const { code, stdout, stderr } = await runHelm(helm, args, {}, ctx);
    if (code !== 0) return { objects: undefined, findings: [fails(`helm cannot render the chart: ${words(stderr)}`)] };
    return { objects: objectsOf(stdout), findings: [] };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function objectsOf(text: string): readonly RenderedObject[] {
  const documents = parseAllDocuments(text, { version: "1.1", merge: true });
  return (Array.isArray(documents) ? documents : [])
    .map((document) => document.toJS({ maxAliasCount: 100 }) as unknown)
    .filter(isMap);
}

function words(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("WARNING"));
  return lines
    .join(" ")
    .replace(/^Error: /, "")
    .slice(0, 2_000);
}

function fails(happened: string): Finding {
  return {
    code: "VALUES_CHART_FAILS",
    level: "error",
    happened: `${happened}.`,
    next: "Mend the values that helm names; the chart must be the bundle's.",
  };
}
