import type { Route53Client } from "@aws-sdk/client-route-53";
import { type ClientCache, clientCache } from "./clients.ts";
import type { Aws } from "./session.ts";

const clients: ClientCache<Route53Client> = clientCache();

/** The Route 53 client of a session; loads the SDK at its first call. */
export function route53Client(aws: Aws): Promise<Route53Client> {
  return clients(aws, async () => new (await import("@aws-sdk/client-route-53")).Route53Client(aws.options));
}
