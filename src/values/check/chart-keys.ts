import type { Finding } from "../../action/context.ts";
import type { Chart } from "../../bundle/chart.ts";
import { nearest } from "../../nearest.ts";
import { type Values, valueAt } from "../merge.ts";
import { isMap } from "../model.ts";
import type { Places } from "../places.ts";

type Known = Pick<Chart, "values" | "schema" | "files">;

/** Keys that helm and every chart take. */
const always = ["global"];

/**
 * Keys of the values that the chart does not know: not in its values.yaml, not in its schema, not in its templates. helm would ignore them without a
 * word, so a misspelt one (or one that this chart never had, such as the API key's) is refused, with the nearest known key.
 */
export function chartKeyFindings(values: Values, chart: Known, places: Places): readonly Finding[] {
  const mentioned = mentionedPaths(chart);
  const words = new Set([...mentioned].flatMap((path) => path.split(".")));
  for (const word of fieldWords(chart)) words.add(word);
  const top = new Set([...always, ...Object.keys(chart.values), ...properties(chart.schema), ...subcharts(chart)]);
  for (const path of mentioned) top.add(path.split(".")[0]!);
  return [
    ...strange(values, [], (key) => top.has(key), [...top], places),
    ...sectionFindings(values, chart, mentioned, places),
    ...modelKeyFindings(values, chart, words, places),
  ];
}

/** Below the sections whose keys values.yaml lists; free maps (empty there) and lists are the chart's own business. */
function sectionFindings(
  values: Values,
  chart: Known,
  mentioned: ReadonlySet<string>,
  places: Places,
): readonly Finding[] {
  return Object.entries(values).flatMap(([section, given]) => {
    const usual = chart.values[section];
    if (!isMap(given) || !isMap(usual) || Object.keys(usual).length === 0 || section === "models") return [];
    if (isTakenWhole(section, mentioned)) return [];
    const known = [
      ...Object.keys(usual),
      ...properties(propertyOf(chart.schema, section)),
      ...below(section, mentioned),
    ];
    return strange(given, [section], (key) => known.includes(key), known, places);
  });
}

/** A template that takes a whole section (`toYaml .Values.podSecurityContext`) takes any key of it. */
function isTakenWhole(section: string, mentioned: ReadonlySet<string>): boolean {
  return mentioned.has(section);
}

function below(section: string, mentioned: ReadonlySet<string>): readonly string[] {
  return [...mentioned].filter((path) => path.startsWith(`${section}.`)).map((path) => path.split(".")[1]!);
}

/** Keys of a model's entry: the schema's, else every field that a template reads. */
function modelKeyFindings(
  values: Values,
  chart: Known,
  words: ReadonlySet<string>,
  places: Places,
): readonly Finding[] {
  const models = valueAt(values, "models");
  if (!isMap(models)) return [];
  const example = Object.values(isMap(chart.values["models"]) ? chart.values["models"] : {}).find(isMap) ?? {};
  const known = new Set([...words, ...Object.keys(example)]);
  return Object.entries(models).flatMap(([key, model]) =>
    isMap(model) ? strange(model, ["models", key], (field) => known.has(field), [...known], places) : [],
  );
}

function strange(
  given: Values,
  path: readonly string[],
  isKnown: (key: string) => boolean,
  known: readonly string[],
  places: Places,
): readonly Finding[] {
  return Object.keys(given)
    .filter((key) => !isKnown(key))
    .map((key) => {
      const near = nearest(key, known);
      return {
        code: "VALUES_CHART_KEY",
        level: "error" as const,
        happened: `The chart knows no key ${[...path, key].join(".")}; helm would ignore it.`,
        next: near ? `Did you mean ${[...path, near].join(".")}?` : "Compare it with values.yaml of the chart.",
        at: places([...path, key]),
      };
    });
}

/** Paths that templates read as `.Values.a.b`. */
function mentionedPaths(chart: Known): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [path, content] of chart.files) {
    if (!path.startsWith("templates/")) continue;
    const text = content.toString("utf8");
    for (const match of text.matchAll(/\.Values\.([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)/g)) found.add(match[1]!);
    for (const match of text.matchAll(/\.Values\s+"([^"]+)"/g)) found.add(match[1]!);
  }
  return found;
}

/** Every lower-case field that a template reads of anything: `.extraArgs`, `$model.gpus`, `"nodeSelector"`. */
function fieldWords(chart: Known): readonly string[] {
  return [...chart.files]
    .filter(([path]) => path.startsWith("templates/"))
    .flatMap(([, content]) => [...content.toString("utf8").matchAll(/(?:\.|")([a-z]\w*)/g)].map((match) => match[1]!));
}

function subcharts(chart: Known): readonly string[] {
  return [...chart.files.keys()]
    .filter((path) => path.startsWith("charts/"))
    .map((path) => path.split("/")[1]!.replace(/-\d.*\.tgz$/, ""));
}

function properties(schema: unknown): readonly string[] {
  const found = valueAt(schema, "properties");
  return isMap(found) ? Object.keys(found) : [];
}

function propertyOf(schema: unknown, name: string): unknown {
  return valueAt(schema, "properties", name);
}
