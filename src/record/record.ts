import { canonicalJson, digestOf, type Json } from "../canonical.ts";
import { UserError } from "../errors.ts";

/** An image as it was proven. */
export interface RecordedImage {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

/** A checkpoint as it was proven. */
export interface RecordedCheckpoint {
  readonly prefix: string;
  /** Digest of its manifest; absent for a prefix that somebody else filled without one. */
  readonly manifest?: string;
  readonly files?: number;
  readonly bytes?: number;
  readonly parameters?: number;
}

/** What was proven: the smoke test passed, and this says of what. No secrets. Its digest is its name. */
export interface ReleaseRecord {
  readonly version: 1;
  readonly tool: string;
  readonly environment: string;
  readonly release: string;
  readonly namespace: string;
  readonly cluster: string;
  readonly account: string;
  readonly region: string;
  readonly specSha256?: string;
  /** Resolved values that the release was made from, each with the place that it came from. */
  readonly resolved: Readonly<Record<string, { readonly value: Json; readonly origin: string }>>;
  readonly images: Readonly<Record<string, RecordedImage>>;
  readonly checkpoints: Readonly<Record<string, RecordedCheckpoint>>;
  readonly chart: { readonly sha256: string; readonly version: string; readonly place: string };
  readonly valuesSha256: string;
  readonly identity: { readonly roleArn: string; readonly policyArn: string };
  readonly revision: number;
  readonly models: Json;
  readonly smoke: Json;
  readonly planSha256: string;
  readonly run: { readonly url: string; readonly actor: string; readonly repository: string; readonly sha: string };
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Where the same bytes were proven before, for a release that was promoted. */
  readonly promotedFrom?: { readonly environment: string; readonly record: string };
}

/** SHA-256 of the record's canonical JSON: the name under which it is kept. */
export function recordDigest(record: ReleaseRecord): string {
  return digestOf(record as unknown as Json);
}

/** The record as it is stored: canonical JSON, so that the digest of the bytes is the record's. */
export function recordBytes(record: ReleaseRecord): string {
  return canonicalJson(record as unknown as Json);
}

/** Reads a record; `digest` is the name under which it was kept. An edited one is `RECORD_ALTERED`, what is no record `RECORD_INVALID`. */
export async function parseRecord(
  bytes: Buffer | string,
  digest: string | undefined,
  place: string,
): Promise<ReleaseRecord> {
  const record = await parse(String(bytes), place);
  const actual = recordDigest(record);
  if (digest !== undefined && actual !== digest) {
    throw new UserError("RECORD_ALTERED", {
      happened: `The record at ${place} has the digest ${actual}, not ${digest}: it was edited or damaged.`,
      next: "Use an unaltered record; release again to make a new one.",
    });
  }
  return record;
}

async function parse(text: string, place: string): Promise<ReleaseRecord> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(place, "it is no JSON", cause);
  }
  // ajv is only needed by the few steps that read a record.
  const { recordProblems } = await import("./validate.ts");
  const [first, ...others] = recordProblems(value);
  if (first) throw invalid(place, `${first}${others.length > 0 ? ` (and ${others.length} more)` : ""}`);
  return value as ReleaseRecord;
}

function invalid(place: string, what: string, cause?: unknown): UserError {
  return new UserError("RECORD_INVALID", {
    happened: `${place} is no release record of version 1: ${what}.`,
    next: "Give a record that eks-deploy wrote (schemas/release-record.schema.json).",
    cause,
  });
}
