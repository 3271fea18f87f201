import { sha256 } from "../canonical.ts";
import { UserError } from "../errors.ts";
import type { RecordStore } from "./store.ts";

/** Path of a values file in `records`, below its place. No secret is in a values file. */
export function valuesPath(digest: string): string {
  return `values/${digest}.yaml`;
}

/** Keeps a values file under its digest, so that a rollback needs no rendering. What is kept already is the same. */
export async function keepValues(store: RecordStore, text: Buffer | string): Promise<void> {
  await store.put(valuesPath(sha256(text)), text, { absent: true });
}

/** The values file of that digest, verified; `undefined` where none is kept. An edited one is `RECORD_VALUES_ALTERED`. */
export async function keptValues(store: RecordStore, digest: string): Promise<Buffer | undefined> {
  const found = await store.get(valuesPath(digest));
  if (!found) return undefined;
  const actual = sha256(found.body);
  if (actual === digest) return found.body;
  throw new UserError("RECORD_VALUES_ALTERED", {
    happened: `The values file ${store.place}${valuesPath(digest)} has the digest ${actual}: it was edited or damaged.`,
    next: `Render it again from the record and release that: command: release, from-record: <the record's SHA-256>.`,
  });
}
