import type { Chart } from "../bundle/chart.ts";
import type { ImageClients } from "./connect.ts";
import type { Keepsake } from "./plan.ts";

/** Keeps the chart in records, under its digest; what another run kept in the meantime is the same. Indexes are kept by the pass that made them. */
export async function keepThings(
  keep: readonly Keepsake[],
  chart: Chart | undefined,
  { store, ctx }: Pick<ImageClients, "store" | "ctx">,
): Promise<void> {
  for (const { kind, path } of keep) {
    if (kind !== "chart" || !chart || !store) continue;
    await store.put(path, chart.archive.bytes, { absent: true });
    ctx.log.info(`The chart ${chart.name} ${chart.version} is kept at ${store.place}${path}.`);
  }
}
