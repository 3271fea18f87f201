import { createAgents } from "../../../src/agent.ts";
import type { Aws } from "../../../src/aws/session.ts";
import { testAmbient } from "../../support/context.ts";
import { account, region, type S3Server } from "../sandbox-s3/server.ts";

/** A signed-in session whose S3 is the sandbox's. */
export async function sessionFor(server: S3Server): Promise<Aws> {
  const client = server.client();
  const credentials = () => client.config.credentials();
  const agents = createAgents(testAmbient(), 64);
  const options = { region, credentials, endpoint: server.url, forcePathStyle: true, maxAttempts: 1 };
  return {
    region,
    account,
    partition: "aws",
    dnsSuffix: "amazonaws.com",
    arn: `arn:aws:iam::${account}:user/tester`,
    options: options as unknown as Aws["options"],
    credentials,
    agents,
  };
}
