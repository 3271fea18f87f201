import { isDnsLabel } from "../action/checks.ts";
import type { Ambient } from "../action/context.ts";
import { InputProblem } from "../action/contract.ts";
import { fileNameOfUrl, parseSource, type SourceRef } from "../action/references.ts";
import { Secret } from "../action/secret.ts";
import { asTextMap } from "../action/structured.ts";
import { holdsControl, shown } from "../tar/names.ts";
import { smallestPart } from "./parts.ts";
import type { VerifyMode } from "./verify.ts";
import type { LayoutName } from "./version.ts";

/** Where a checkpoint is; `unset`: in a variable that this job does not have. */
export type CheckpointRef = SourceRef | { readonly kind: "unset"; readonly variable: string };

/** What the room takes of the action's inputs. */
export interface SyncInputs {
  readonly checkpoints: Readonly<Record<string, CheckpointRef>>;
  readonly bucket: string | undefined;
  readonly prefix: string;
  readonly layout: LayoutName;
  readonly versions: Readonly<Record<string, string>>;
  readonly replace: boolean;
  readonly stripComponents: "auto" | number;
  readonly expectedSha256: Readonly<Record<string, string>>;
  readonly verify: VerifyMode;
  readonly deleteExtra: boolean;
  readonly kmsKeyArn: string;
  readonly bucketOwner: string | undefined;
  readonly partSize: number | undefined;
  readonly concurrency: number;
  readonly only: readonly string[];
  readonly environment: string | undefined;
  readonly records: string | undefined;
  readonly fromRecord: string | undefined;
  readonly awsRegion: string | undefined;
  readonly awsAccountId: string | undefined;
  readonly roleToAssume: string | undefined;
}

/**
 * Reads the map of sources. `env:NAME` may name a variable that holds one URL, or a map of URLs by model key; the whole input may be such a map
 * too. A variable that is not set is told only when its model is to be synced: a job that takes over what an earlier one synced does not have it.
 */
export function parseCheckpoints(raw: unknown, ambient: Ambient): Readonly<Record<string, CheckpointRef>> {
  const whole =
    typeof raw === "string" && /^env:\w+$/.test(raw.trim()) ? ambient.named(raw.trim().slice(4)) : undefined;
  const map = asTextMap(whole ? whole.reveal() : raw);
  return Object.fromEntries(
    Object.entries(map).map(([key, value]) => {
      checkKey(key);
      return [key, whole ? presigned(key, value) : refOf(key, value.trim(), ambient)];
    }),
  );
}

function refOf(key: string, value: string, ambient: Ambient): CheckpointRef {
  if (!value.startsWith("env:")) return parseSource(value, ambient);
  const variable = value.slice(4);
  const text = ambient.named(variable)?.reveal().trim();
  if (!text) return { kind: "unset", variable };
  if (/^(https?|s3):\/\//.test(text)) return parseSource(value, ambient);
  const own = mapIn(text)?.[key];
  return own ? presigned(key, own) : { kind: "unset", variable };
}

function mapIn(text: string): Readonly<Record<string, string>> | undefined {
  try {
    return asTextMap(text);
  } catch {
    return undefined;
  }
}

function presigned(key: string, value: string): SourceRef {
  if (!URL.canParse(value) || !/^https?:/.test(value)) throw new InputProblem(`has no URL for ${key} in its variable`);
  return { kind: "url", url: new Secret(value), label: `${fileNameOfUrl(new URL(value)) || key} (presigned)` };
}

function checkKey(key: string): void {
  try {
    isDnsLabel(key);
  } catch (thrown) {
    throw new InputProblem(`has the model key "${key}", which ${(thrown as Error).message}`);
  }
}

/** `auto`, or how many leading folders are dropped. */
export function parseStrip(raw: unknown): "auto" | number {
  const text = String(raw).trim();
  if (text === "auto") return "auto";
  if (!/^\d$/.test(text)) throw new InputProblem(`must be auto or a number from 0 to 9; it is "${text}"`);
  return Number(text);
}

/** SHA-256 by model key. */
export function parseDigests(raw: unknown): Readonly<Record<string, string>> {
  const map = asTextMap(raw);
  for (const [key, value] of Object.entries(map)) {
    if (!/^[0-9a-f]{64}$/.test(value))
      throw new InputProblem(`must have 64 lower-case hex digits for ${key}; it has "${value}"`);
  }
  return map;
}

/** What stands before every model's key in S3: parts between slashes, none of them empty, `.` or `..`, and nothing that nobody sees. */
export function isKeyPrefix(value: string): void {
  const parts = value.replace(/^\/+|\/+$/g, "").split("/");
  const odd = parts.some((part) => part === "." || part === ".." || (part === "" && parts.length > 1));
  if (odd || value.includes("://") || holdsControl(value))
    throw new InputProblem(`must be a prefix within the bucket, such as checkpoints or a/b; it is ${shown(value)}`);
}

/** `auto`, `none`, or the ARN of a key. */
export function isKmsKey(value: string): void {
  if (value === "auto" || value === "none" || /^arn:[\w-]+:kms:[\w-]+:\d{12}:(key|alias)\/\S+$/.test(value)) return;
  throw new InputProblem(`must be auto, none or the ARN of a key; it is "${value}"`);
}

/** A part must be within S3's limits. */
export function checkPartSize(bytes: number | undefined): number | undefined {
  if (bytes !== undefined && (bytes < smallestPart || bytes > 1_073_741_824))
    throw new InputProblem("must be from 5MiB to 1GiB; it grows by itself where a file needs larger parts");
  return bytes;
}
