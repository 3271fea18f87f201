import type { ACMClient } from "@aws-sdk/client-acm";
import { type ClientCache, clientCache } from "./clients.ts";
import type { Aws } from "./session.ts";

const clients: ClientCache<ACMClient> = clientCache();

/** The Certificate Manager client of a session; loads the SDK at its first call. */
export function acmClient(aws: Aws): Promise<ACMClient> {
  return clients(aws, async () => new (await import("@aws-sdk/client-acm")).ACMClient(aws.options));
}
