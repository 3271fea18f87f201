import type { Json } from "../canonical.ts";
import type { Named } from "../record/latest.ts";
import type { RecordedCheckpoint, ReleaseRecord } from "../record/record.ts";
import { provenBytes } from "./make-record.ts";

/**
 * Whether a record says of exactly these outputs of a chain that they were proven: chart and values by digest, and each image and checkpoint
 * that the chain names. What `only` leaves out is in the values. Pure.
 */
export function isRecorded(record: ReleaseRecord, outputs: Readonly<Record<string, unknown>>): boolean {
  const { images, checkpoints, chart, valuesSha256 } = provenBytes(outputs);
  return (
    chart.sha256 === record.chart.sha256 &&
    valuesSha256 === record.valuesSha256 &&
    Object.entries(images).every(([name, image]) => {
      const recorded = record.images[name];
      return recorded?.repository === image.repository && recorded.digest === image.digest;
    }) &&
    Object.entries(checkpoints).every(([key, { prefix, manifest }]) => {
      const recorded = record.checkpoints[key];
      return recorded !== undefined && bare(recorded.prefix) === bare(prefix) && recorded.manifest === manifest;
    })
  );
}

/** Models that `only` left as they were have their checkpoints from the record before, else the prefix that their values name. */
export function withUntouched(record: ReleaseRecord, latest: Named | undefined): ReleaseRecord {
  const models = Array.isArray(record.models) ? (record.models as readonly Readonly<Record<string, Json>>[]) : [];
  const untouched = models.flatMap((model): readonly (readonly [string, RecordedCheckpoint])[] => {
    const [key, prefix] = [String(model["key"]), String(model["prefix"] ?? "")];
    if (key in record.checkpoints || !prefix.startsWith("s3://")) return [];
    const before = latest?.record.checkpoints[key];
    return [[key, before && bare(before.prefix) === bare(prefix) ? before : { prefix }]];
  });
  if (untouched.length === 0) return record;
  return { ...record, checkpoints: { ...record.checkpoints, ...Object.fromEntries(untouched) } };
}

function bare(prefix: string): string {
  return prefix.replace(/\/+$/, "");
}
