import { fromAws } from "../aws/errors.ts";
import { s3Client } from "../aws/s3.ts";
import type { Aws } from "../aws/session.ts";

/** A place below which objects lie: `key` is empty or ends with a slash, so that a sibling (`laguna-xs-2` beside `laguna-xs`) is never taken along. */
export interface Prefix {
  readonly bucket: string;
  readonly key: string;
}

/** An object as a listing shows it. Its checksum is not told there. */
export interface ListedObject {
  /** Below the prefix. */
  readonly path: string;
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
}

/** `s3://bucket/a/b` or `s3://bucket/a/b/`, as a place with a slash at its end; `undefined` for anything else. */
export function parsePrefix(uri: string): Prefix | undefined {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(uri);
  if (!match) return undefined;
  const key = (match[2] ?? "").replace(/\/+$/, "");
  return { bucket: match[1]!, key: key === "" ? "" : `${key}/` };
}

/** `s3://bucket/a/b`: without the slash at its end, as the chart's values take it. */
export function prefixUri({ bucket, key }: Prefix): string {
  return `s3://${bucket}/${key}`.replace(/\/$/, "");
}

/** What has a path, by it. No pair is made of each on the way: there may be 100,000 of them, and all would be held until the last is in. */
export function byPath<T extends { readonly path: string }>(all: Iterable<T>): ReadonlyMap<string, T> {
  const map = new Map<string, T>();
  for (const one of all) map.set(one.path, one);
  return map;
}

/** All objects below a prefix, in the order of their keys' bytes. `owner` is the account that must own the bucket (the caller's own where not given; `any`: a source that is only read). */
export async function listPrefix(
  prefix: Prefix,
  aws: Aws,
  signal: AbortSignal,
  owner: string | "any" = aws.account,
): Promise<readonly ListedObject[]> {
  const objects: ListedObject[] = [];
  for await (const page of listPages(prefix, aws, signal, owner)) objects.push(...page);
  return objects;
}

/** The same, a page of up to 1,000 objects at a time, which is one request: for who keeps none of them. */
export async function* listPages(
  prefix: Prefix,
  aws: Aws,
  signal: AbortSignal,
  owner: string | "any" = aws.account,
): AsyncGenerator<readonly ListedObject[], void, undefined> {
  const { ListObjectsV2Command } = await import("@aws-sdk/client-s3");
  const client = await s3Client(aws);
  let token: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: prefix.bucket,
      Prefix: prefix.key,
      ContinuationToken: token,
      EncodingType: "url",
      ExpectedBucketOwner: owner === "any" ? undefined : owner,
    });
    const page = await client.send(command, { abortSignal: signal }).catch((thrown: unknown) => {
      throw fromAws(thrown, `listing ${prefixUri(prefix)}`);
    });
    yield (page.Contents ?? []).map((object) => ({
      path: ofItsOwn(decodeKey(object.Key!).slice(prefix.key.length)),
      size: object.Size ?? 0,
      etag: unquoted(object.ETag),
    }));
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}

/** The bucket's region, which S3 names where a listing asked in another one. */
export function regionIn(thrown: unknown): string | undefined {
  const cause = (thrown as { readonly cause?: unknown }).cause ?? thrown;
  const { $response } = cause as { readonly $response?: { readonly headers?: Readonly<Record<string, string>> } };
  return $response?.headers?.["x-amz-bucket-region"];
}

/** The same text in memory of its own: V8 keeps the whole of which a text is a piece, be that a page of a listing. */
function ofItsOwn(text: string): string {
  return Buffer.from(text).toString();
}

/** S3 gives keys percent-encoded where it was asked to, with a plus for a space. */
export function decodeKey(key: string): string {
  return decodeURIComponent(key.replaceAll("+", " "));
}

/** An ETag without its quotes. */
export function unquoted(etag: string | undefined): string {
  return (etag ?? "").replace(/^"|"$/g, "");
}
