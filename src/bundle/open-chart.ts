import { readdir, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Context } from "../action/context.ts";
import { parseSource, type SourceRef } from "../action/references.ts";
import type { Aws } from "../aws/session.ts";
import type { Source } from "../bytes/source.ts";
import { sha256 } from "../canonical.ts";
import { sniff } from "../transfer/kind.ts";
import { openSource } from "../transfer/open.ts";
import { type Chart, chartAltered, chartLimits, chartOf, unusable } from "./chart.ts";
import { digestInPlace, keptChart } from "./chart-cache.ts";
import { chartFolderFiles } from "./chart-folder.ts";
import { unpackChart } from "./chart-unpack.ts";
import { chooseChart, noChart } from "./charts-of-bundle.ts";
import { openTarBundle } from "./tar.ts";
import { readWhole } from "./whole.ts";

/** What reading needs: a context, and an AWS session that is opened only for `s3://`. */
export interface ChartMeans {
  readonly ctx: Context;
  readonly aws: () => Promise<Aws>;
}

/**
 * Reads a chart from its folder, from the bundle (folder or `.tar`), or from a `.tgz`, on disk or in S3. A place in records
 * (`.../charts/<sha256>.tgz`) is read from this runner where an earlier step kept it, and must have that digest (`CHART_ALTERED`).
 * Errors: `CHART_NOT_FOUND`, `CHART_INVALID`, `CHART_ALTERED`.
 */
export async function openChart(place: string | SourceRef, means: ChartMeans): Promise<Chart> {
  const ref = typeof place === "string" ? parseSource(place, means.ctx.ambient) : place;
  const digest = ref.kind === "url" ? undefined : digestInPlace(ref.label);
  if (digest) {
    const kept = await keptChart(digest, means.ctx);
    if (kept) return chartOf(await unpackChart(kept, ref.label), ref.label);
  }
  if (ref.kind === "path") {
    const path = resolve(means.ctx.ambient.workspace, ref.path);
    const found = await stat(path).catch(() => undefined);
    if (!found) throw noChart(ref.label);
    if (found.isDirectory()) return openFolder(path, ref.label);
  }
  const source = await openSource(ref, means);
  try {
    return await chartIn(source, digest, means.ctx.signal);
  } finally {
    await source.close();
  }
}

/** A chart's archive, or an uncompressed bundle; a compressed bundle is not read to its end for its chart. */
async function chartIn(source: Source, digest: string | undefined, signal: AbortSignal): Promise<Chart> {
  const { label } = source;
  if ((await sniff(source, signal)) === "tar") {
    const { chart } = await openTarBundle(source, label, signal);
    if (chart) return chart;
    throw noChart(label);
  }
  if (source.size > chartLimits.total)
    throw unusable(label, `it has ${source.size} bytes, too many for a chart; give chart, as push-images puts it out`);
  const bytes = await readWhole(source, signal);
  const actual = sha256(bytes);
  if (digest && actual !== digest) throw chartAltered(label, actual, digest);
  return chartOf(await unpackChart(bytes, label), label);
}

/** A chart's own folder, or one that holds `charts/` (the bundle). */
export async function openFolder(path: string, label: string): Promise<Chart> {
  const names = await readdir(path);
  if (names.includes("Chart.yaml")) return chartOf(await chartFolderFiles(path, label), label);
  const charts = names.includes("charts") ? await chartsIn(join(path, "charts")) : [];
  const chosen = chooseChart(charts, label);
  if (!chosen) throw noChart(label, names);
  return openChartIn(join(path, "charts", chosen), `${label.replace(/\/$/, "")}/charts/${chosen}`);
}

/** What `charts/` of a bundle's folder holds: charts' folders and `.tgz`. */
export async function chartsIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const charts: string[] = [];
  for (const entry of entries) {
    const isChart = entry.isDirectory()
      ? await stat(join(folder, entry.name, "Chart.yaml")).catch(() => undefined)
      : entry.isFile() && entry.name.endsWith(".tgz");
    if (isChart) charts.push(entry.name);
  }
  return charts.sort();
}

/** A chart's folder or `.tgz` on disk. */
async function openChartIn(path: string, label: string): Promise<Chart> {
  if (!path.endsWith(".tgz")) return chartOf(await chartFolderFiles(path, label), label);
  return chartOf(await unpackChart(await readFile(path), label), label);
}
