import { type Named, readRecord } from "./latest.ts";
import type { RecordStore } from "./store.ts";

const atOnce = 8;

/** All records of a store, each verified under its name, the newest first. */
export async function allRecords(store: RecordStore): Promise<readonly Named[]> {
  const digests = (await store.list("records/")).flatMap(
    (path) => /^records\/([0-9a-f]{64})\.json$/.exec(path)?.[1] ?? [],
  );
  const found: Named[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < digests.length; index = next++)
      found.push(await readRecord(store, digests[index]!));
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, digests.length) }, work));
  return found.sort((a, b) => Date.parse(b.record.finishedAt) - Date.parse(a.record.finishedAt));
}

/** The records of one release, the newest first. */
export async function recordsOf(
  store: RecordStore,
  environment: string | undefined,
  release: string,
): Promise<readonly Named[]> {
  const all = await allRecords(store);
  return all.filter(({ record }) => record.environment === (environment ?? "default") && record.release === release);
}
