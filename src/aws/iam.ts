import type { IAMClient } from "@aws-sdk/client-iam";
import { type ClientCache, clientCache } from "./clients.ts";
import { globalRegion } from "./global.ts";
import type { Aws } from "./session.ts";

const clients: ClientCache<IAMClient> = clientCache();

/** The IAM client of a session; loads the SDK at its first call. */
export function iamClient(aws: Aws): Promise<IAMClient> {
  return clients(aws, async () => {
    const { IAMClient } = await import("@aws-sdk/client-iam");
    const local = new IAMClient(aws.options);
    return new IAMClient({ ...aws.options, region: globalRegion(aws.region, local.config.endpointProvider) });
  });
}
