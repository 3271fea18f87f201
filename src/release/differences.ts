import { count, shown } from "../action/describe.ts";
import type { Block } from "../action/summary.ts";
import { type Difference, recordDifferences } from "../record/difference.ts";
import type { ReleaseRecord } from "../record/record.ts";

/** The difference of two records, as a table that can be unfolded. */
export function differencesBlock(
  title: string,
  before: ReleaseRecord | undefined,
  after: ReleaseRecord,
): readonly Block[] {
  return tableOf(title, recordDifferences(before, after));
}

/** Differences as a table that can be unfolded; nothing where there are none. */
export function tableOf(title: string, differences: readonly Difference[]): readonly Block[] {
  if (differences.length === 0) return [];
  const rows = differences.map(({ what, from, to }) => [what, shown(from), shown(to)]);
  const table: Block = { kind: "table", head: ["", "from", "to"], rows };
  return [{ kind: "details", title: `${title}: ${count(differences.length, "difference")}`, blocks: [table] }];
}
