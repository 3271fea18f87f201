import type { Source } from "../bytes/source.ts";
import { type BundleFile, compressedArchive, noImages, notABundle, type OpenedFiles } from "./bundle.ts";
import { ChartPieces } from "./chart-pieces.ts";
import { parseArchiveName, refuseTwins } from "./names.ts";
import { roleOf } from "./roles.ts";
import { readWhole } from "./whole.ts";

/** Whether files are those of one image layout: at the top, and no archive beside it. */
export function isLayout(files: readonly Pick<BundleFile, "path">[]): boolean {
  const kinds = new Set(files.map(({ path }) => roleOf(path).kind));
  return kinds.has("layout") && !kinds.has("archive");
}

/** Sorts a bundle's files by their paths: opens its archives and reads its chart. Errors: `BUNDLE_*`, `IMAGE_FILE_NAME`, `CHART_*`. */
export async function sortFiles(
  files: readonly BundleFile[],
  label: string,
  signal: AbortSignal,
): Promise<OpenedFiles> {
  const sorted = files.map((file) => ({ file, role: roleOf(file.path) }));
  const charts = new ChartPieces(label);
  const inCharts: { readonly file: BundleFile; readonly path: string }[] = [];
  let root: string | undefined;
  for (const { file, role } of sorted) {
    if (role.kind === "compressed-archive") throw compressedArchive(label, role.file);
    if (role.kind === "archive" || role.kind === "chart") root ??= role.root;
    if (role.kind !== "chart") continue;
    charts.admit(role.path, file.size);
    inCharts.push({ file, path: role.path });
  }
  const archives = sorted.flatMap(({ file, role }) => (role.kind === "archive" ? [file] : []));
  const paths = files.map(({ path }) => path);
  if (archives.length === 0)
    throw paths.some((path) => /(^|\/)containers\//.test(path)) ? noImages(label, paths) : notABundle(label, paths);
  const siblings = archives.map(({ path }) => path);
  const names = siblings.map((path) => parseArchiveName(path, siblings));
  refuseTwins(names);
  for (const { file, path } of inCharts) charts.add(path, await contentOf(file, signal));
  const sources: Source[] = [];
  for (const file of archives) sources.push(await file.open());
  return {
    archives: names.map((name, at) => ({ name, source: sources[at]! })),
    chart: await charts.chart(),
    parts: sorted.flatMap(({ file, role }) => (["chart", "part", "layout"].includes(role.kind) ? [file] : [])),
    root: root ?? "",
  };
}

/** All bytes of a small file of a bundle. */
export async function contentOf(file: BundleFile, signal: AbortSignal): Promise<Buffer> {
  const source = await file.open();
  try {
    return await readWhole(source, signal);
  } finally {
    await source.close();
  }
}
