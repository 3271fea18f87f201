import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Context } from "../action/context.ts";
import { sha256 } from "../canonical.ts";
import type { Chart } from "./chart.ts";

/** Path of a chart in `records`, below its place. */
export function chartPath(digest: string): string {
  return `charts/${digest}.tgz`;
}

/** The digest that a place names: `.../charts/<sha256>.tgz`, in records or on the runner. */
export function digestInPlace(place: string): string | undefined {
  return /(?:^|\/)charts\/([0-9a-f]{64})\.tgz$/.exec(place)?.[1];
}

function folder(ctx: Context): string {
  return join(ctx.ambient.temp, "eks-deploy", "charts");
}

/** Writes the chart's archive on the runner, under its digest; gives the path. What is there already is the same. */
export async function keepChart(chart: Pick<Chart, "archive">, ctx: Context): Promise<string> {
  const { sha256: digest, bytes } = chart.archive;
  const path = join(folder(ctx), `${digest}.tgz`);
  if (await keptChart(digest, ctx)) return path;
  await mkdir(folder(ctx), { recursive: true });
  const partial = `${path}.${process.pid}`;
  await writeFile(partial, bytes);
  await rename(partial, path);
  return path;
}

/** The archive that an earlier step kept under this digest; `undefined` where there is none, or another. */
export async function keptChart(digest: string, ctx: Context): Promise<Buffer | undefined> {
  const bytes = await readFile(join(folder(ctx), `${digest}.tgz`)).catch(() => undefined);
  return bytes && sha256(bytes) === digest ? bytes : undefined;
}
