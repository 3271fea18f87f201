import { canonicalJson, type Json } from "../canonical.ts";
import type { ReleaseRecord } from "./record.ts";

/** One thing that two records say differently; absent where a side does not have it. */
export interface Difference {
  /** `image atlas`, `checkpoint point`, `chart`, `model point gpus`, `deploy timeout`. */
  readonly what: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** From one record to another, in the order in which a reader asks: bytes, chart, models, settings. Who, when and where it was proven is no difference. Pure. */
export function recordDifferences(before: ReleaseRecord | undefined, after: ReleaseRecord): readonly Difference[] {
  return [
    ...mapDifferences("image", before?.images, after.images, ({ tag, digest }) => `${tag} ${digest}`),
    ...mapDifferences(
      "checkpoint",
      before?.checkpoints,
      after.checkpoints,
      ({ prefix, manifest }) => manifest ?? prefix,
    ),
    ...one(
      "chart",
      before && `${before.chart.version} ${before.chart.sha256}`,
      `${after.chart.version} ${after.chart.sha256}`,
    ),
    ...mapDifferences("model", fieldsOf(before?.models), fieldsOf(after.models), shown),
    ...one("role", before?.identity.roleArn, after.identity.roleArn),
    ...mapDifferences("setting", settingsOf(before), settingsOf(after), shown),
    ...one("values", before?.valuesSha256, after.valuesSha256),
  ];
}

function mapDifferences<T>(
  kind: string,
  before: Readonly<Record<string, T>> | undefined,
  after: Readonly<Record<string, T>>,
  text: (value: T) => string,
): readonly Difference[] {
  const keys = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after)])].sort();
  return keys.flatMap((key) => {
    const [from, to] = [before?.[key], after[key]].map((value) => (value === undefined ? undefined : text(value)));
    return one(`${kind} ${key}`, from, to);
  });
}

function one(what: string, from: string | undefined, to: string | undefined): readonly Difference[] {
  return from === to ? [] : [{ what, from, to }];
}

/** Models' fields as `point gpus`; the prefix is told by the checkpoint. */
function fieldsOf(models: Json | undefined): Readonly<Record<string, Json>> {
  const list = Array.isArray(models) ? (models as readonly Readonly<Record<string, Json>>[]) : [];
  return Object.fromEntries(
    list.flatMap((model) =>
      Object.entries(model)
        .filter(([field]) => field !== "key" && field !== "prefix")
        .map(([field, value]) => [`${String(model["key"])} ${field}`, value]),
    ),
  );
}

/** Inputs that say how something is done; those that name a run, a file or a place on a runner are left out. */
const incidental =
  /\.(spec|reports|records|from-record|approved-plan|dry-run|output|values-file|chart|bundle|role-to-assume)$/;

function settingsOf(record: ReleaseRecord | undefined): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    Object.entries(record?.resolved ?? {})
      .filter(([name]) => !incidental.test(name))
      .map(([name, { value }]) => [name.replace(".", " "), value]),
  );
}

function shown(value: Json): string {
  return typeof value === "string" ? value : canonicalJson(value);
}
