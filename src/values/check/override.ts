import type { Finding } from "../../action/context.ts";
import type { Overridden } from "../merge.ts";
import type { Places } from "../places.ts";

/** Free values and annotations that replace what was rendered from checked settings; the checks look at the result, but the spec says two things. */
export function overrideFindings(overridden: readonly Overridden[], places: Places): readonly Finding[] {
  return overridden.map(({ path, from, to }) => ({
    code: "VALUES_OVERRIDE",
    level: "warning",
    happened: `Free values replace ${path.join(".")}: ${JSON.stringify(from)} becomes ${JSON.stringify(to)}.`,
    next: "Use the spec's own key for it, where there is one.",
    at: places(path),
  }));
}
