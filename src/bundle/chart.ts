import { parse, type Tags } from "yaml";
import { UserError } from "../errors.ts";
import { type ChartArchive, packChart } from "./chart-archive.ts";

/** A Helm chart, read once. Its own files are the truth about names, presets and defaults. */
export interface Chart {
  /** `name` of Chart.yaml. */
  readonly name: string;
  /** `version` of Chart.yaml. */
  readonly version: string;
  readonly appVersion: string | undefined;
  /** values.yaml as data, read by YAML 1.1 as helm reads it. */
  readonly values: Readonly<Record<string, unknown>>;
  /** values.schema.json as data, where the chart has one. */
  readonly schema: Readonly<Record<string, unknown>> | undefined;
  /** All files by path below the chart's folder, with slashes. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** The chart as one file: equal files give equal bytes, wherever they were read from. */
  readonly archive: ChartArchive;
  /** Where it was read, for people. */
  readonly label: string;
}

/** helm's own limits: a file of at most 5 MiB, a chart of at most 100 MiB. */
export const chartLimits = { file: 5 * 2 ** 20, total: 100 * 2 ** 20 } as const;

/** A chart of its files; `CHART_INVALID` where Chart.yaml or values.yaml cannot be used. `label` says where they came from. */
export function chartOf(files: ReadonlyMap<string, Buffer>, label: string): Chart {
  const kept = new Map([...files].filter(([path]) => !isBookkeeping(path)));
  const about = yamlMap(kept, "Chart.yaml", label);
  const name = about?.["name"];
  const version = about?.["version"];
  if (!about) throw unusable(label, "it has no Chart.yaml");
  if (typeof name !== "string" || !/^[a-zA-Z0-9._-]{1,250}$/.test(name))
    throw unusable(label, "Chart.yaml has no name");
  if (typeof version !== "string") throw unusable(label, "Chart.yaml has no version");
  if (about["type"] === "library") throw unusable(label, `${name} is a library chart, which installs nothing`);
  const appVersion = about["appVersion"];
  return {
    name,
    version,
    appVersion: appVersion === undefined || appVersion === null ? undefined : String(appVersion),
    values: yamlMap(kept, "values.yaml", label) ?? {},
    schema: schemaOf(kept.get("values.schema.json"), label),
    files: kept,
    archive: packChart(name, kept),
    label,
  };
}

/** An image that the chart presets: its name is a repository, its tag must be the archive's. */
export interface Preset {
  /** `image` or `docs.image`, as in values.yaml. */
  readonly key: string;
  readonly name: string;
  readonly tag: string | undefined;
}

/** `image.name`, `image.tag`, `docs.image.name` and `docs.image.tag`, as far as values.yaml sets them. */
export function presetImages(chart: Pick<Chart, "values">): readonly Preset[] {
  const docs = mapAt(chart.values, "docs");
  const images = [
    { key: "image", image: mapAt(chart.values, "image") },
    { key: "docs.image", image: docs && mapAt(docs, "image") },
  ];
  return images.flatMap(({ key, image }) => {
    const name = image?.["name"];
    const tag = image?.["tag"];
    if (typeof name !== "string" || name === "") return [];
    return [{ key, name, tag: tag === undefined || tag === null || tag === "" ? undefined : String(tag) }];
  });
}

function mapAt(values: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>> | undefined {
  const value = values[key];
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/** helm's reader leaves dates and numbers to the base 60 (12:30) the text that they are. */
function asHelm(tags: Tags): Tags {
  return tags.filter(
    (tag) =>
      typeof tag === "string" ||
      (tag.tag !== "tag:yaml.org,2002:timestamp" && !("format" in tag && tag.format === "TIME")),
  );
}

function yamlMap(
  files: ReadonlyMap<string, Buffer>,
  path: string,
  label: string,
): Readonly<Record<string, unknown>> | undefined {
  const content = files.get(path);
  if (!content) return undefined;
  let value: unknown;
  try {
    value = parse(content.toString("utf8"), { version: "1.1", maxAliasCount: 100, merge: true, customTags: asHelm });
  } catch (cause) {
    throw unusable(label, `${path} is no valid YAML: ${(cause as Error).message.split("\n")[0]}`, cause);
  }
  if (value === null || value === undefined) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw unusable(label, `${path} is no map`);
  return value as Record<string, unknown>;
}

function schemaOf(content: Buffer | undefined, label: string): Readonly<Record<string, unknown>> | undefined {
  if (!content) return undefined;
  try {
    return JSON.parse(content.toString("utf8")) as Record<string, unknown>;
  } catch (cause) {
    throw unusable(label, "values.schema.json is no valid JSON", cause);
  }
}

/** What desktops leave beside files; it would change the chart's digest and mean nothing. */
function isBookkeeping(path: string): boolean {
  return path.split("/").some((part) => part === ".DS_Store" || part === "__MACOSX" || part.startsWith("._"));
}

/** The refusal of a chart that is not the one of its name, or of a record. */
export function chartAltered(place: string, found: string, expected: string): UserError {
  return new UserError("CHART_ALTERED", {
    happened: `The chart at ${place} has the SHA-256 ${found}, not ${expected}.`,
    next: "Run push-images again: it keeps the bundle's chart anew.",
  });
}

/** The refusal of a chart that cannot be taken. */
export function unusable(label: string, what: string, cause?: unknown): UserError {
  return new UserError("CHART_INVALID", {
    happened: `The chart ${label} cannot be used: ${what}.`,
    next: "Use the chart as it came in the bundle (charts/inference).",
    cause,
  });
}
