import type { SSMClient } from "@aws-sdk/client-ssm";
import { type ClientCache, clientCache } from "./clients.ts";
import type { Aws } from "./session.ts";

const clients: ClientCache<SSMClient> = clientCache();

/** The Systems Manager client of a session; loads the SDK at its first call. */
export function ssmClient(aws: Aws): Promise<SSMClient> {
  return clients(aws, async () => new (await import("@aws-sdk/client-ssm")).SSMClient(aws.options));
}
