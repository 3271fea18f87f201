import type { Context } from "../action/context.ts";
import { errorName, errorStatus, fromAws } from "../aws/errors.ts";
import { s3Client } from "../aws/s3.ts";
import type { Aws } from "../aws/session.ts";
import { isBookkeeping } from "./bookkeeping.ts";
import { compareListing } from "./listing.ts";
import { type CheckpointManifest, manifestDigest, manifestPath, parseManifest } from "./manifest.ts";
import { byPath, type ListedObject, listPages, type Prefix, parsePrefix, prefixUri, unquoted } from "./prefix.ts";

/** What is known of a model's prefix without reading its files. */
export interface CheckpointFacts {
  /** Without a slash at its end. */
  readonly prefix: string;
  /** Objects and bytes below it, our own bookkeeping not counted. */
  readonly files: number;
  readonly bytes: number;
  /** Bytes of `*.safetensors`: what the GPUs' memory must hold at least. */
  readonly safetensorsBytes: number;
  /** Absent: nobody wrote one (another tool filled the prefix), or a sync is not finished. */
  readonly manifest: CheckpointManifest | undefined;
  readonly manifestDigest: string | undefined;
  /** The manifest is there and every one of its files has the size and ETag that it names. */
  readonly complete: boolean;
  /** Files that the manifest names and that are missing or other ones; empty without a manifest. */
  readonly differences: readonly string[];
}

/** A manifest as it lies in S3, with the ETag that a conditional write needs. */
export interface StoredManifest {
  readonly manifest: CheckpointManifest;
  readonly etag: string;
}

/** Looks at a prefix (`s3://bucket/key`, with or without a slash): one listing, and the manifest where there is one. `undefined` for what is no S3 place. */
export async function checkpointFacts(uri: string, aws: Aws, ctx: Context): Promise<CheckpointFacts | undefined> {
  const prefix = parsePrefix(uri);
  if (!prefix) return undefined;
  const { objects, stored } = await lookAt(prefix, aws, ctx.signal);
  return factsOf(prefix, objects, stored?.manifest);
}

/** The facts that follow from a listing and a manifest. */
export function factsOf(
  prefix: Prefix,
  objects: readonly ListedObject[],
  manifest: CheckpointManifest | undefined,
): CheckpointFacts {
  const files = objects.filter((object) => !isBookkeeping(object.path));
  const differences = manifest ? compareListing(manifest, objects, "etag").differing : [];
  const sum = (some: readonly ListedObject[]) => some.reduce((total, object) => total + object.size, 0);
  return {
    prefix: prefixUri(prefix),
    files: files.length,
    bytes: sum(files),
    safetensorsBytes: sum(files.filter((object) => object.path.endsWith(".safetensors"))),
    manifest,
    manifestDigest: manifest && manifestDigest(manifest),
    complete: manifest !== undefined && differences.length === 0,
    differences,
  };
}

/**
 * One listing, and the manifest where there is one. Of an object that is as the manifest says, the manifest's own entry is given, so that nothing is
 * held twice: there may be 100,000 of them. `owner` as for `listPrefix`.
 */
export async function lookAt(
  prefix: Prefix,
  aws: Aws,
  signal: AbortSignal,
  owner: string | "any" = aws.account,
): Promise<{ readonly objects: readonly ListedObject[]; readonly stored: StoredManifest | undefined }> {
  const objects: ListedObject[] = [];
  let files: ReadonlyMap<string, ListedObject> = new Map();
  let stored: StoredManifest | undefined;
  for await (const page of listPages(prefix, aws, signal, owner)) {
    if (page.some(({ path }) => path === manifestPath)) {
      stored = await readManifest(prefix, aws, signal, owner);
      files = byPath(stored?.manifest.files ?? []);
    }
    for (const object of page) {
      const file = files.get(object.path);
      objects.push(file?.size === object.size && file.etag === object.etag ? file : object);
    }
  }
  return { objects, stored };
}

/** The manifest below a prefix; `undefined` where there is none. */
export async function readManifest(
  prefix: Prefix,
  aws: Aws,
  signal: AbortSignal,
  owner: string | "any" = aws.account,
): Promise<StoredManifest | undefined> {
  const { GetObjectCommand } = await import("@aws-sdk/client-s3");
  const client = await s3Client(aws);
  const place = `${prefixUri(prefix)}/${manifestPath}`;
  try {
    const answer = await client.send(
      new GetObjectCommand({
        Bucket: prefix.bucket,
        Key: prefix.key + manifestPath,
        ExpectedBucketOwner: owner === "any" ? undefined : owner,
      }),
      { abortSignal: signal },
    );
    const bytes = answer.Body as AsyncIterable<Uint8Array>;
    return { manifest: await parseManifest(bytes, place), etag: unquoted(answer.ETag) };
  } catch (thrown) {
    if (errorName(thrown) === "NoSuchKey" || errorStatus(thrown) === 404) return undefined;
    throw fromAws(thrown, `reading ${place}`);
  }
}
