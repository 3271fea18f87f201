import type { Aws } from "../aws/session.ts";
import type { Prefix } from "../facts/prefix.ts";
import { reaches } from "../facts/prefix-use.ts";
import { parseRecord } from "../record/record.ts";
import { openStore } from "../record/store.ts";

const atOnce = 8;

/** The kept release records that refer to a prefix, as `<environment>/<release> revision <n>`: a rollback to one of them needs its bytes. */
export async function recordsUsing(prefix: Prefix, records: string | undefined, aws: Aws): Promise<readonly string[]> {
  if (records === undefined) return [];
  const store = await openStore(records, aws);
  const paths = (await store.list("records/")).filter((path) => path.endsWith(".json"));
  const users: string[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < paths.length; index = next++) {
      const path = paths[index]!;
      const found = await store.get(path);
      if (!found) continue;
      const record = await parseRecord(found.body, undefined, `${store.place}${path}`);
      const refers = Object.values(record.checkpoints).some((checkpoint) => reaches(checkpoint.prefix, prefix));
      if (refers) users.push(`${record.environment}/${record.release} revision ${record.revision}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, paths.length) }, work));
  return users.sort();
}
