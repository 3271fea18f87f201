import { UserError } from "../errors.ts";

/** The chart that the guide installs; where a bundle holds several, it is the one. */
const preferred = "inference";

/**
 * Which of a bundle's charts is meant: names are what lies in `charts/`, folders or `.tgz`. `charts/inference` (or its `.tgz`) wins; else
 * the only one. `undefined` where there is none.
 */
export function chooseChart(names: readonly string[], label: string): string | undefined {
  const own = names.filter((name) => name === preferred || new RegExp(`^${preferred}-\\d[^/]*\\.tgz$`).test(name));
  const candidates = own.length > 0 ? own : names;
  if (candidates.length <= 1) return candidates[0];
  throw new UserError("CHART_NOT_FOUND", {
    happened: `${label} holds several charts: ${names.join(", ")}.`,
    next: `Leave one in charts/, or call the one that is meant charts/${preferred}; actions that have the input chart take its path, for example ${label}/charts/${candidates[0]}.`,
  });
}

/** The refusal of a place that holds no chart. */
export function noChart(label: string, found: readonly string[] = []): UserError {
  const seen = found.length > 0 ? ` It holds ${found.slice(0, 8).join(", ")}.` : "";
  return new UserError("CHART_NOT_FOUND", {
    happened: `There is no chart at ${label}.${seen}`,
    next: "Give the bundle, the folder charts/inference of it, a .tgz, or its place in records (s3://...tgz).",
  });
}
