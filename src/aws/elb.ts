import type { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { type ClientCache, clientCache } from "./clients.ts";
import type { Aws } from "./session.ts";

const clients: ClientCache<ElasticLoadBalancingV2Client> = clientCache();

/** The Elastic Load Balancing client of a session; loads the SDK at its first call. */
export function elbClient(aws: Aws): Promise<ElasticLoadBalancingV2Client> {
  return clients(
    aws,
    async () =>
      new (await import("@aws-sdk/client-elastic-load-balancing-v2")).ElasticLoadBalancingV2Client(aws.options),
  );
}
