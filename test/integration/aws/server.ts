import { awsEndpoint } from "../../../sandbox/aws/endpoint.ts";
import { IamState } from "../../../sandbox/aws/iam/state.ts";
import { Principals } from "../../../sandbox/aws/principals.ts";
import { createSts } from "../../../sandbox/aws/sts/service.ts";
import { Faults } from "../../../sandbox/faults.ts";
import { GithubOidc } from "../../../sandbox/github/oidc.ts";
import { listen } from "../../../sandbox/http.ts";
import { RequestLog } from "../../../sandbox/requests.ts";
import type { Ground } from "../../../sandbox/service.ts";

export const account = "210987654321";
export const region = "us-east-2";

/** STS and GitHub's token endpoint of the sandbox; a user's key, and a role that trusts the job's tokens. */
export async function startSts() {
  const defects: unknown[] = [];
  const ground: Ground = {
    requests: new RequestLog(),
    faults: new Faults(),
    now: () => Date.now(),
    pace: 0.01,
    onDefect: (error) => defects.push(error),
  };
  const principals = new Principals("aws");
  const user = principals.addUser(account, "tester");
  const iam = new IamState({ account, partition: "aws", now: ground.now });
  const github = new GithubOidc(ground, { repository: "acme/models", ref: "refs/heads/main" });
  const sts = createSts({ iam, principals, issuers: (url) => (url === github.issuer.url ? github.issuer : undefined) });
  const endpoint = await listen(
    awsEndpoint(ground, {
      principals,
      regions: [region],
      now: ground.now,
      clocks: () => [ground.now()],
      services: [sts],
      authorise: () => undefined,
    }),
    ground.onDefect,
  );
  const tokens = await listen(github.handler, ground.onDefect);
  return {
    ground,
    iam,
    principals,
    github,
    user,
    url: endpoint.url,
    tokenUrl: `${tokens.url}/oidc/token?api-version=2.0`,
    defects,
    async close() {
      await endpoint.close();
      await tokens.close();
    },
  };
}
