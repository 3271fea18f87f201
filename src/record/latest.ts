import { UserError } from "../errors.ts";
import { parseRecord, type ReleaseRecord, recordBytes, recordDigest } from "./record.ts";
import type { RecordStore, Stored } from "./store.ts";

/** A record with its name. */
export interface Named {
  readonly sha256: string;
  readonly record: ReleaseRecord;
  /** `s3://...` of the record. */
  readonly uri: string;
}

function pointer(environment: string | undefined, release: string): string {
  return `latest/${environment ?? "default"}/${release}`;
}

function place(sha256: string): string {
  return `records/${sha256}.json`;
}

/** The last proven record of a release; `undefined` where none was proven yet. */
export async function readLatest(
  store: RecordStore,
  environment: string | undefined,
  release: string,
): Promise<Named | undefined> {
  const found = await store.get(pointer(environment, release));
  if (!found) return undefined;
  const sha256 = String(found.body).trim();
  return readRecord(store, sha256);
}

/** A record by its digest, verified. */
export async function readRecord(store: RecordStore, sha256: string): Promise<Named> {
  const uri = `${store.place}${place(sha256)}`;
  const found = await store.get(place(sha256));
  if (!found)
    throw new UserError("RECORD_NOT_FOUND", {
      happened: `There is no record at ${uri}.`,
      next: "Name a record that exists.",
    });
  return { sha256, uri, record: await parseRecord(found.body, sha256, uri) };
}

/** Keeps a record under its digest, then moves `latest`, conditionally: the pointer is written last, and never over one that we did not read. */
export async function writeRecord(store: RecordStore, record: ReleaseRecord): Promise<Named> {
  const sha256 = recordDigest(record);
  const before = await store.get(pointerOf(record));
  await store.put(place(sha256), recordBytes(record), { absent: true });
  return move(store, { sha256, uri: `${store.place}${place(sha256)}`, record }, before);
}

/** Lets `latest` name a record that is kept in this store; conditionally. Nothing is written where it does already. */
export async function moveLatest(store: RecordStore, named: Named): Promise<Named> {
  return move(store, named, await store.get(pointerOf(named.record)));
}

async function move(store: RecordStore, named: Named, before: Stored | undefined): Promise<Named> {
  const { sha256, record } = named;
  if (before && String(before.body).trim() === sha256) return named;
  const path = pointerOf(record);
  const moved = await store.put(path, `${sha256}\n`, before ? { over: before.etag } : { absent: true });
  if (moved) return named;
  throw new UserError("RECORD_RACE", {
    happened: `Another run moved ${store.place}${path} while this one was writing its record (${sha256} is kept).`,
    next: "Look at that run; run again when it has ended.",
  });
}

function pointerOf(record: ReleaseRecord): string {
  return pointer(record.environment === "default" ? undefined : record.environment, record.release);
}
