import { s3Client } from "../aws/s3.ts";
import type { Aws } from "../aws/session.ts";
import { InternalError } from "../errors.ts";

/** Where a bucket is asked: `https://<bucket>.s3.<region>.<suffix>`, or an endpoint with the bucket in its path. Ends with a slash. */
export type BucketUrl = string;

interface Built {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
}

/**
 * Asks the SDK where it would send a request for the bucket (its endpoint rules, AWS_ENDPOINT_URL_S3, FIPS, path style), without sending one: the
 * request is taken from the client's middleware once it is built.
 */
export async function bucketUrl(aws: Aws, bucket: string): Promise<BucketUrl> {
  const client = await s3Client(aws);
  const { HeadBucketCommand } = await import("@aws-sdk/client-s3");
  const command = new HeadBucketCommand({ Bucket: bucket });
  let built: Built | undefined;
  command.middlewareStack.add(
    () => async (args) => {
      built = args.request as Built;
      return { output: { $metadata: {} }, response: {} };
    },
    { step: "build", priority: "low", name: "takeRequest" },
  );
  await client.send(command);
  if (!built) throw new InternalError("INTERNAL", { happened: "The SDK built no request.", next: "Please report it." });
  const { protocol, hostname, port, path } = built;
  return `${protocol}//${hostname}${port ? `:${port}` : ""}${path.endsWith("/") ? path : `${path}/`}`;
}

/** The URL of an object. Every byte of the key but unreserved ones and slashes is percent-encoded, as the signature wants it. */
export function objectUrl(bucket: BucketUrl, key: string, query: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`);
  const path = key.split("/").map(encode).join("/");
  return `${bucket}${path}${pairs.length > 0 ? `?${pairs.join("&")}` : ""}`;
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
