import { canonicalJson, type Json } from "../canonical.ts";
import { asEksDeployError, UserError } from "../errors.ts";
import type { RecordStore } from "./store.ts";

/** A smoke test that was made, passed or not: from them follows how long a release has been green. No secrets. */
export interface SmokeEntry {
  readonly version: 1;
  readonly environment: string;
  readonly release: string;
  /** SHA-256 of the record that was live by the `latest` pointer; `null` for a release that was not proven. */
  readonly record: string | null;
  readonly passed: boolean;
  /** When it ended. */
  readonly at: string;
  readonly run: string;
  readonly results: Json;
}

/** `20261124T001000000Z`: sorts as time does, and needs no escape in a key. */
function stamp(at: string): string {
  return at.replaceAll(/[-:.]/g, "");
}

function folder(environment: string, release: string): string {
  return `smoke/${environment}/${release}/`;
}

/** Keeps a result; gives its path below the records place. */
export async function keepSmoke(store: RecordStore, entry: SmokeEntry): Promise<string> {
  const id = entry.run.replaceAll(/[^A-Za-z0-9]+/g, "-").slice(-40);
  const path = `${folder(entry.environment, entry.release)}${stamp(entry.at)}${id}.json`;
  await store.put(path, canonicalJson(entry as unknown as Json), { absent: true });
  return path;
}

/** The results of a release since `since` (RFC 3339), the oldest first. What cannot be read is `RECORD_SMOKE_INVALID`: a proof must not rest on guesses. */
export async function smokeSince(
  store: RecordStore,
  environment: string,
  release: string,
  since: string,
): Promise<readonly SmokeEntry[]> {
  const paths = await pathsSince(store, environment, release, since);
  return inOrder(await Promise.all(paths.map((path) => read(store, path))));
}

/** The newest `most` results of a release since `since` (RFC 3339), the oldest first: for people to look at. What cannot be read is left out. */
export async function newestSmokes(
  store: RecordStore,
  environment: string,
  release: string,
  since: string,
  most: number,
): Promise<readonly SmokeEntry[]> {
  const paths = (await pathsSince(store, environment, release, since)).slice(-most);
  return inOrder(await Promise.all(paths.map((path) => read(store, path).catch(unlessInvalid))));
}

function pathsSince(store: RecordStore, environment: string, release: string, since: string) {
  const below = folder(environment, release);
  return store.list(below, below + stamp(since));
}

async function read(store: RecordStore, path: string): Promise<SmokeEntry | undefined> {
  const found = await store.get(path);
  return found && parse(found.body, `${store.place}${path}`);
}

function unlessInvalid(thrown: unknown): undefined {
  if (asEksDeployError(thrown).code !== "RECORD_SMOKE_INVALID") throw thrown;
}

function inOrder(entries: readonly (SmokeEntry | undefined)[]): readonly SmokeEntry[] {
  return entries.filter((entry) => entry !== undefined).sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

function parse(body: Buffer, place: string): SmokeEntry {
  try {
    const value = JSON.parse(String(body)) as SmokeEntry;
    if (value.version === 1 && typeof value.passed === "boolean" && !Number.isNaN(Date.parse(value.at))) return value;
  } catch {
    // told below, together with what is JSON but no result
  }
  throw new UserError("RECORD_SMOKE_INVALID", {
    happened: `${place} is no result of a smoke test of version 1.`,
    next: `Look at it, and remove it if nobody needs it: aws s3 rm ${place}`,
  });
}
