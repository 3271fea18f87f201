import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { type ClientCache, clientCache } from "./clients.ts";
import type { Aws } from "./session.ts";

const clients: ClientCache<SecretsManagerClient> = clientCache();

/** The Secrets Manager client of a session; loads the SDK at its first call. */
export function secretsManagerClient(aws: Aws): Promise<SecretsManagerClient> {
  return clients(
    aws,
    async () => new (await import("@aws-sdk/client-secrets-manager")).SecretsManagerClient(aws.options),
  );
}
