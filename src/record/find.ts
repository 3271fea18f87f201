import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { UserError } from "../errors.ts";
import { type Named, readLatest, readRecord } from "./latest.ts";
import { parseRecord, recordDigest } from "./record.ts";
import type { RecordStore } from "./store.ts";

/** Where a reference to a record is looked up. */
export interface RecordPlaces {
  /** Opens another S3 place, or `records` where none is given. */
  readonly open: (place?: string) => Promise<RecordStore | undefined>;
  readonly environment: string | undefined;
  readonly release: string;
  /** Folder that relative paths start from. */
  readonly workspace: string;
}

/** The record that a user names: `latest`, a SHA-256, `s3://...json`, or a path. Verified by digest wherever its name tells one. */
export async function findRecord(reference: string, places: RecordPlaces): Promise<Named> {
  if (reference === "latest") {
    const named = await readLatest(await opened(places), places.environment, places.release);
    return named ?? notFound(`No release ${places.release} of ${places.environment ?? "default"} was proven yet.`);
  }
  if (/^[0-9a-f]{64}$/.test(reference)) return readRecord(await opened(places), reference);
  if (reference.startsWith("s3://")) return fromObject(reference, places);
  return fromFile(resolve(places.workspace, reference), reference);
}

async function opened(places: RecordPlaces): Promise<RecordStore> {
  return (await places.open()) ?? notFound("No records place is known to look in.");
}

async function fromObject(uri: string, places: RecordPlaces): Promise<Named> {
  const cut = uri.lastIndexOf("/");
  const store = (await places.open(uri.slice(0, cut + 1)))!;
  const found = (await store.get(uri.slice(cut + 1))) ?? notFound(`There is no record at ${uri}.`);
  return named(found.body, uri);
}

async function fromFile(path: string, label: string): Promise<Named> {
  try {
    return await named(await readFile(path), label);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "ENOENT") throw thrown;
    return notFound(`There is no file ${label}.`);
  }
}

/** A name of 64 hex digits before `.json` is the record's own. */
async function named(bytes: Buffer, uri: string): Promise<Named> {
  const record = await parseRecord(bytes, /([0-9a-f]{64})\.json$/.exec(uri)?.[1], uri);
  return { record, uri, sha256: recordDigest(record) };
}

function notFound(happened: string): never {
  throw new UserError("RECORD_NOT_FOUND", {
    happened,
    next: "Name a record that exists: latest, its SHA-256, s3://...json or a path. Release once with a passing smoke test to make one.",
  });
}
