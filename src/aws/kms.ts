import type { KMSClient } from "@aws-sdk/client-kms";
import { type ClientCache, clientCache } from "./clients.ts";
import type { Aws } from "./session.ts";

const clients: ClientCache<KMSClient> = clientCache();

/** The KMS client of a session; loads the SDK at its first call. */
export function kmsClient(aws: Aws): Promise<KMSClient> {
  return clients(aws, async () => new (await import("@aws-sdk/client-kms")).KMSClient(aws.options));
}
