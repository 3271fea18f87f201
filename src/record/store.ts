import type { S3Client } from "@aws-sdk/client-s3";
import { fromAws } from "../aws/errors.ts";
import { s3Client } from "../aws/s3.ts";
import type { Aws } from "../aws/session.ts";
import { UserError } from "../errors.ts";

/** An object of the store with the ETag that a conditional write needs. */
export interface Stored {
  readonly body: Buffer;
  readonly etag: string;
}

/** When a write may happen: only if nothing is there, or only over exactly what was read. */
export type WriteCondition = { readonly absent: true } | { readonly over: string };

/** The S3 place that runs share: records under their SHA-256, charts, smoke results, bundle indexes, `latest` pointers. Small objects only. */
export interface RecordStore {
  /** `s3://bucket/prefix/`, with a slash at its end. */
  readonly place: string;
  /** `undefined` where there is none. */
  get(path: string): Promise<Stored | undefined>;
  /** Gives `false` when the condition did not hold; nothing is written then. */
  put(path: string, body: Buffer | string, condition?: WriteCondition): Promise<boolean>;
  /** Paths below `prefix`, in the order of S3; with `after` only those that come after this path. */
  list(prefix: string, after?: string): Promise<readonly string[]>;
}

/** Opens `place` (`s3://bucket/prefix/`). Every request names the account that must own the bucket: the caller's own, where no other is given. */
export async function openStore(place: string, aws: Aws, owner: string = aws.account): Promise<RecordStore> {
  const match = /^s3:\/\/([^/]+)\/?(.*?)\/?$/.exec(place);
  if (!match) {
    throw new UserError("RECORDS_PLACE_INVALID", {
      happened: `records is "${place}", which is no S3 place.`,
      next: "Write it as s3://<bucket>/<prefix>/.",
    });
  }
  const bucket = match[1]!;
  const prefix = match[2] ? `${match[2]}/` : "";
  const client = await s3Client(aws);
  const owned = { Bucket: bucket, ExpectedBucketOwner: owner };
  return {
    place: `s3://${bucket}/${prefix}`,
    get: (path) => get(client, { ...owned, Key: prefix + path }),
    put: (path, body, condition) => put(client, { ...owned, Key: prefix + path }, Buffer.from(body), condition),
    list: (below, after) => {
      const from = after === undefined ? {} : { StartAfter: prefix + after };
      return list(client, owned, { Prefix: prefix + below, ...from }, prefix.length);
    },
  };
}

interface Address {
  readonly Bucket: string;
  readonly ExpectedBucketOwner: string;
}

async function get(client: S3Client, address: Address & { Key: string }): Promise<Stored | undefined> {
  const { GetObjectCommand } = await import("@aws-sdk/client-s3");
  try {
    const answer = await client.send(new GetObjectCommand(address));
    return { body: Buffer.from(await answer.Body!.transformToByteArray()), etag: answer.ETag ?? "" };
  } catch (thrown) {
    if (nameOf(thrown) === "NoSuchKey") return undefined;
    throw fromAws(thrown, `reading s3://${address.Bucket}/${address.Key}`);
  }
}

async function put(
  client: S3Client,
  address: Address & { Key: string },
  body: Buffer,
  condition: WriteCondition | undefined,
): Promise<boolean> {
  const { PutObjectCommand } = await import("@aws-sdk/client-s3");
  const guard = !condition ? {} : "absent" in condition ? { IfNoneMatch: "*" } : { IfMatch: condition.over };
  try {
    await client.send(new PutObjectCommand({ ...address, ...guard, Body: body, ChecksumAlgorithm: "CRC32" }));
    return true;
  } catch (thrown) {
    if (["PreconditionFailed", "ConditionalRequestConflict"].includes(nameOf(thrown))) return false;
    throw fromAws(thrown, `writing s3://${address.Bucket}/${address.Key}`);
  }
}

async function list(
  client: S3Client,
  address: Address,
  range: { readonly Prefix: string; readonly StartAfter?: string },
  strip: number,
): Promise<readonly string[]> {
  const { paginateListObjectsV2 } = await import("@aws-sdk/client-s3");
  const paths: string[] = [];
  try {
    for await (const page of paginateListObjectsV2({ client }, { ...address, ...range })) {
      for (const object of page.Contents ?? []) paths.push(object.Key!.slice(strip));
    }
  } catch (thrown) {
    throw fromAws(thrown, `listing s3://${address.Bucket}/${range.Prefix}`);
  }
  return paths;
}

function nameOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : "";
}
