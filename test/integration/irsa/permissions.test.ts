import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AwsServer, bucketName, startAws } from "./server.ts";

const page = readFileSync(resolve(import.meta.dirname, "../../..", join("docs", "permissions.md")), "utf8");

/** Actions of the JSON blocks of docs/permissions.md between two texts. */
function documented(from: string, to: string): ReadonlySet<string> {
  const part = page.slice(page.indexOf(from), page.indexOf(to, page.indexOf(from)));
  const blocks = [...part.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text]) => JSON.parse(text!));
  const statements = blocks.flatMap((block) => (Array.isArray(block) ? block : block.Statement));
  return new Set(statements.flatMap((statement) => statement.Action as string | string[]));
}

const deploy = documented("### deploy", "#### More");
const more = documented("#### More", "### plan");
const old = (number: number) =>
  `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::old-${number}/*"}}`;

let server: AwsServer;
beforeAll(async () => {
  server = await startAws();
});
afterAll(() => server.close());

/** IAM actions that a run needed. */
async function calls(inputs: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  const mark = server.ground.requests.all.length;
  expect((await server.run(inputs)).failures).toEqual([]);
  return server.ground.requests.iamActions(mark);
}

describe("docs/permissions.md", () => {
  it("grants the deploy role what ensure-irsa calls, in its usual way from nothing to adoption", async () => {
    server.addProvider();
    const needed = new Set(await calls());
    const role = server.iam.role("inference-pod-role");
    const inline = new Map([["theirs", old(0)]]);
    server.iam.putRole({ ...role, trust: server.addRole({ name: "x" }).trust, tags: new Map(), inline }, role.name);
    server.addPolicy("inference-pod-policy", [1, 2, 3, 4, 5].map(old));
    for (const action of await calls({ adopt: "true" })) needed.add(action);
    expect([...needed].filter((action) => !deploy.has(action))).toEqual([]);
    const identity = [...deploy].filter((action) => action.startsWith("iam:"));
    expect(identity.filter((action) => !needed.has(action))).toEqual([]);
  });

  it("names beside it what the other inputs need", async () => {
    const key = server.kms.add();
    server.bucket.encryption = { algorithm: "aws:kms", keyArn: key.arn, bucketKey: true };
    server.bucket.configuredKey = key.arn;
    const name = "eks-pod-identity-agent";
    server.cluster.addons.set(name, { name, status: "ACTIVE", version: "v1.3.4", issues: [] });
    const boundary = server.addPolicy("boundary", [
      '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}',
    ]).arn;
    for (const provider of server.iam.allProviders()) server.iam.putProvider(undefined, provider.arn);
    const needed = [
      ...(await calls({ "create-oidc-provider": "true", "permissions-boundary": boundary })),
      ...(await calls({ mode: "pod-identity", prefixes: `point=s3://${bucketName}/point` })),
      ...(await calls({ mode: "existing", "role-arn": server.iam.role("inference-pod-role").arn })),
    ];
    expect([...new Set(needed)].filter((action) => !deploy.has(action) && !more.has(action))).toEqual([]);
  });
});
