import type { EC2Client } from "@aws-sdk/client-ec2";
import { type ClientCache, clientCache } from "./clients.ts";
import type { Aws } from "./session.ts";

const clients: ClientCache<EC2Client> = clientCache();

/** The EC2 client of a session; loads the SDK at its first call. */
export function ec2Client(aws: Aws): Promise<EC2Client> {
  return clients(aws, async () => new (await import("@aws-sdk/client-ec2")).EC2Client(aws.options));
}
