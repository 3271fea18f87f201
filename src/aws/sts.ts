import type { STSClient } from "@aws-sdk/client-sts";
import { type ClientCache, clientCache } from "./clients.ts";
import type { Aws } from "./session.ts";

const clients: ClientCache<STSClient> = clientCache();

/** The STS client of a session; loads the SDK at its first call. */
export function stsClient(aws: Aws): Promise<STSClient> {
  return clients(aws, async () => new (await import("@aws-sdk/client-sts")).STSClient(aws.options));
}
