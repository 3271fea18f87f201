import type { Route53Client } from "@aws-sdk/client-route-53";
import { type ClientCache, clientCache } from "./clients.ts";
import { globalRegion } from "./global.ts";
import type { Aws } from "./session.ts";

const clients: ClientCache<Route53Client> = clientCache();

/** The Route 53 client of a session; loads the SDK at its first call. */
export function route53Client(aws: Aws): Promise<Route53Client> {
  return clients(aws, async () => {
    const { Route53Client } = await import("@aws-sdk/client-route-53");
    const local = new Route53Client(aws.options);
    return new Route53Client({ ...aws.options, region: globalRegion(aws.region, local.config.endpointProvider) });
  });
}
