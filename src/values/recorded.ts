import type { Context } from "../action/context.ts";
import { chartPath } from "../bundle/chart-cache.ts";
import { UserError } from "../errors.ts";
import type { PushedImages } from "../facts/pushed-image.ts";
import { findRecord } from "../record/find.ts";
import { openStore } from "../record/store.ts";
import type { RenderMeans, RenderSettings } from "./settings.ts";

/** What a release record has to say to the values: proven prefixes and images, and the place of the proven chart. */
export interface RecordedSources {
  /** By model key. */
  readonly prefixes: Readonly<Record<string, string>>;
  /** `s3://<records>/charts/<sha256>.tgz`. */
  readonly chart: string;
  readonly images: PushedImages;
}

/** The record that `from-record` names; undefined where it names none. */
export async function recordedSources(
  settings: RenderSettings,
  means: Pick<RenderMeans, "aws">,
  ctx: Context,
): Promise<RecordedSources | undefined> {
  const { fromRecord, records, environment, release } = settings;
  if (!fromRecord) return undefined;
  const { record } = await findRecord(fromRecord, {
    open: async (place = records) => (place === undefined ? undefined : openStore(place, await means.aws())),
    environment,
    release,
    workspace: ctx.ambient.workspace,
  });
  if (!records) {
    throw new UserError("VALUES_NO_CHART", {
      happened: "The record names a chart that is kept in records, and records is not given.",
      next: "Set records (s3://<bucket>/<prefix>/), or checkpoints.bucket in the spec.",
    });
  }
  return {
    prefixes: Object.fromEntries(Object.entries(record.checkpoints).map(([key, { prefix }]) => [key, prefix])),
    images: record.images,
    chart: `${records.replace(/\/$/, "")}/${chartPath(record.chart.sha256)}`,
  };
}
