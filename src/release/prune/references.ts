import type { Prefix } from "../../facts/prefix.ts";
import { reaches } from "../../facts/prefix-use.ts";
import type { Named } from "../../record/latest.ts";
import type { ReleaseRecord } from "../../record/record.ts";

/** Something that needs a checkpoint, and who says so. */
export interface Reference {
  /** `s3://bucket/...` */
  readonly uri: string;
  /** `record 1a2b3c of dev/inference`, `Deployment poolside-models/inference-point`. */
  readonly by: string;
}

/** The records of each environment and release that must stay releasable: the latest, and the last `keep` proven ones. Pure. */
export function keptRecords(
  records: readonly Named[],
  latest: ReadonlyMap<string, string>,
  keep: number,
): readonly Named[] {
  const groups = Map.groupBy(records, ({ record }) => groupOf(record));
  return [...groups].flatMap(([group, members]) => {
    const newest = members.toSorted((a, b) => Date.parse(b.record.finishedAt) - Date.parse(a.record.finishedAt));
    return newest.filter((named, index) => index < keep || named.sha256 === latest.get(group));
  });
}

/** `dev/inference`: how the `latest` pointers are named, too. */
export function groupOf({ environment, release }: Pick<ReleaseRecord, "environment" | "release">): string {
  return `${environment}/${release}`;
}

/** What a record needs: its checkpoints, and the prefixes of models that `only` left as they were. */
export function referencesOf({ sha256, record }: Named): readonly Reference[] {
  const by = `record ${sha256.slice(0, 12)} of ${groupOf(record)}`;
  const models = Array.isArray(record.models) ? (record.models as readonly { readonly prefix?: unknown }[]) : [];
  const uris = [
    ...Object.values(record.checkpoints).map(({ prefix }) => prefix),
    ...models.flatMap(({ prefix }) => (typeof prefix === "string" ? [prefix] : [])),
  ];
  return [...new Set(uris.map(bare))].map((uri) => ({ uri, by }));
}

/** Whether a reference needs what lies below the prefix: it names it, a folder of it, or a folder that holds it. */
export function needs({ uri }: Reference, prefix: Prefix): boolean {
  return reaches(uri, prefix);
}

function bare(uri: string): string {
  return uri.replace(/\/+$/, "");
}
