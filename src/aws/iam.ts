import type { IAMClient } from "@aws-sdk/client-iam";
import { type ClientCache, clientCache } from "./clients.ts";
import type { Aws } from "./session.ts";

const clients: ClientCache<IAMClient> = clientCache();

/** The IAM client of a session; loads the SDK at its first call. */
export function iamClient(aws: Aws): Promise<IAMClient> {
  return clients(aws, async () => new (await import("@aws-sdk/client-iam")).IAMClient(aws.options));
}
