import type { S3Client } from "@aws-sdk/client-s3";
import { type ClientCache, clientCache } from "./clients.ts";
import type { Aws } from "./session.ts";

const clients: ClientCache<S3Client> = clientCache();

/** The S3 client of a session; loads the SDK at its first call. */
export function s3Client(aws: Aws): Promise<S3Client> {
  return clients(
    aws,
    async () => new (await import("@aws-sdk/client-s3")).S3Client({ ...aws.options, followRegionRedirects: false }),
  );
}
