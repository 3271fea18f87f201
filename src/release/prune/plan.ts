import { count, size } from "../../action/describe.ts";
import type { Change } from "../../action/plan.ts";
import type { Block } from "../../action/summary.ts";
import type { Json } from "../../canonical.ts";
import { type Prefix, prefixUri } from "../../facts/prefix.ts";
import { needs, type Reference } from "./references.ts";
import type { Version } from "./versions.ts";

/** What happens to each version, and why. */
export interface PrunePlan {
  readonly goes: readonly Version[];
  readonly stays: readonly { readonly version: Version; readonly because: readonly string[] }[];
  readonly changes: readonly Change[];
  readonly endState: Json;
}

/** A version goes when it is ours and nothing needs it. Pure. */
export function planPrune(
  place: Prefix,
  versions: readonly Version[],
  references: readonly Reference[],
  keepRecords: number,
): PrunePlan {
  const goes: Version[] = [];
  const stays: { version: Version; because: readonly string[] }[] = [];
  for (const version of versions) {
    const users = references.filter((reference) => needs(reference, version.prefix)).map(({ by }) => by);
    if (users.length > 0) stays.push({ version, because: [...new Set(users)] });
    else if (!version.ours) stays.push({ version, because: ["it has no manifest: not ours, or not finished"] });
    else goes.push(version);
  }
  const needed = references.filter((reference) => needs(reference, place)).map(({ uri }) => uri);
  return {
    goes,
    stays,
    changes: goes.map((version) => deletion(version, "no kept record, live release or spec needs it")),
    endState: { place: prefixUri(place), keepRecords, needed: [...new Set(needed)].sort() },
  };
}

/** The deletion of a version, as a change. */
export function deletion({ prefix, objects, bytes }: Version, reason: string): Change {
  return {
    verb: "delete",
    kind: "checkpoint",
    name: prefixUri(prefix),
    from: `${count(objects.length, "object")}, ${size(bytes)}`,
    reason,
  };
}

/** What stays, and for whom. */
export function staysBlock({ stays }: PrunePlan): readonly Block[] {
  if (stays.length === 0) return [];
  const rows = stays.map(({ version, because }) => [
    prefixUri(version.prefix),
    size(version.bytes),
    because.slice(0, 5).join("\n") + (because.length > 5 ? `\nand ${because.length - 5} more` : ""),
  ]);
  const table: Block = { kind: "table", head: ["version", "", "needed by"], rows, right: [1] };
  return [{ kind: "details", title: `${count(stays.length, "version")} kept`, blocks: [table] }];
}
