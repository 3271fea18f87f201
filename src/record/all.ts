import { asEksDeployError } from "../errors.ts";
import { type Named, readRecord } from "./latest.ts";
import type { RecordStore } from "./store.ts";

/** The records of a store. */
export interface AllRecords {
  /** Each verified under its name, the newest first. */
  readonly records: readonly Named[];
  /** Those that were edited, damaged or written by a newer version: why, by digest. */
  readonly unreadable: Readonly<Record<string, string>>;
}

const atOnce = 8;

/** Reads all records of a store. One that cannot be used stands in nobody's way; who needs all of them looks at `unreadable`. */
export async function allRecords(store: RecordStore): Promise<AllRecords> {
  const digests = (await store.list("records/")).flatMap(
    (path) => /^records\/([0-9a-f]{64})\.json$/.exec(path)?.[1] ?? [],
  );
  const records: Named[] = [];
  const unreadable: Record<string, string> = {};
  let next = 0;
  const work = async () => {
    for (let index = next++; index < digests.length; index = next++) {
      const digest = digests[index]!;
      try {
        records.push(await readRecord(store, digest));
      } catch (thrown) {
        const { code, happened } = asEksDeployError(thrown);
        if (!code.startsWith("RECORD_")) throw thrown;
        unreadable[digest] = happened;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, digests.length) }, work));
  return { records: records.sort((a, b) => timeOf(b) - timeOf(a)), unreadable };
}

/** The records of one release, the newest first. */
export async function recordsOf(
  store: RecordStore,
  environment: string | undefined,
  release: string,
): Promise<readonly Named[]> {
  const { records } = await allRecords(store);
  return records.filter(
    ({ record }) => record.environment === (environment ?? "default") && record.release === release,
  );
}

function timeOf({ record }: Named): number {
  return Date.parse(record.finishedAt);
}
