import type { ECRClient } from "@aws-sdk/client-ecr";
import { type ClientCache, clientCache } from "./clients.ts";
import type { Aws } from "./session.ts";

const clients: ClientCache<ECRClient> = clientCache();

/** The ECR client of a session; loads the SDK at its first call. */
export function ecrClient(aws: Aws): Promise<ECRClient> {
  return clients(aws, async () => new (await import("@aws-sdk/client-ecr")).ECRClient(aws.options));
}
