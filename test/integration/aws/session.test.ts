import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Secret } from "../../../src/action/secret.ts";
import { connectAws } from "../../../src/aws/session.ts";
import { stsClient } from "../../../src/aws/sts.ts";
import { type FakeClock, type TestContext, testContext } from "../../support/context.ts";
import { account, region, startSts } from "./server.ts";

type Server = Awaited<ReturnType<typeof startSts>>;

let server: Server;
const saved = { ...process.env };

/** The SDK's default chain reads the process's environment. */
function environment(values: Readonly<Record<string, string | undefined>>): void {
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
  Object.assign(process.env, { AWS_EC2_METADATA_DISABLED: "true", AWS_ENDPOINT_URL: server.url, ...values });
}

const ambientKeys = () => ({
  AWS_ACCESS_KEY_ID: server.user.caller.accessKeyId,
  AWS_SECRET_ACCESS_KEY: server.user.secretAccessKey,
});

/** Time of its own: a token's times are judged by the server's clock, so this one starts there too. */
function jobContext(oidc = true): TestContext {
  const token = new Secret(server.github.requestToken);
  return testContext({
    ambient: { region, oidc: oidc ? { url: server.tokenUrl, token } : undefined },
  });
}

const target = (over: object = {}) => ({ region: undefined, accountId: undefined, role: undefined, ...over });
const role = `arn:aws:iam::${account}:role/deployer`;

function addRole(subject: string): void {
  const host = "token.actions.githubusercontent.com";
  const provider = server.iam.arn("oidc-provider", host);
  const now = Date.now();
  server.iam.putProvider(
    { arn: provider, url: host, clients: ["sts.amazonaws.com"], thumbprints: [], tags: new Map(), createdAt: now },
    provider,
  );
  const condition = { StringEquals: { [`${host}:aud`]: "sts.amazonaws.com", [`${host}:sub`]: subject } };
  const statement = {
    Effect: "Allow",
    Principal: { Federated: provider },
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition: condition,
  };
  server.iam.putRole(
    {
      name: "deployer",
      path: "/",
      arn: role,
      id: server.iam.newId("AROA", "deployer"),
      account,
      trust: JSON.stringify({ Version: "2012-10-17", Statement: [statement] }),
      description: undefined,
      maxSessionSeconds: 3600,
      boundary: undefined,
      tags: new Map(),
      inline: new Map(),
      attached: [],
      createdAt: now,
    },
    "deployer",
  );
}

beforeEach(async () => {
  server = await startSts();
});

afterEach(async () => {
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
  Object.assign(process.env, saved);
  await server.close();
});

describe("connectAws", () => {
  it("takes ambient credentials, and finds account, partition and DNS suffix by itself", async () => {
    environment(ambientKeys());
    const aws = await connectAws(target(), jobContext(false));
    expect(aws).toMatchObject({ account, region, partition: "aws", dnsSuffix: "amazonaws.com" });
    expect(aws.arn).toContain("user/tester");
  });

  it("asks once for one region and role, however many steps connect", async () => {
    environment(ambientKeys());
    const ctx = jobContext(false);
    await Promise.all([connectAws(target(), ctx), connectAws(target(), ctx), connectAws(target(), ctx)]);
    expect(server.ground.requests.all.filter(({ name }) => name === "GetCallerIdentity")).toHaveLength(1);
  });

  it("stops at another account than the expected one", async () => {
    environment(ambientKeys());
    const connecting = connectAws(target({ accountId: "111111111111" }), jobContext(false));
    await expect(connecting).rejects.toMatchObject({ code: "AWS_ACCOUNT_MISMATCH" });
  });

  it("says that there are no credentials", async () => {
    environment({});
    await expect(connectAws(target(), jobContext(false))).rejects.toMatchObject({ code: "AWS_NO_CREDENTIALS" });
  });

  it("says that there is no region", async () => {
    environment(ambientKeys());
    const ctx = testContext({ ambient: { region: undefined } });
    await expect(connectAws(target(), ctx)).rejects.toMatchObject({ code: "AWS_NO_REGION" });
  });

  it("assumes the role with a token of the job, and masks token and keys", async () => {
    addRole("repo:acme/models:ref:refs/heads/main");
    environment({});
    const ctx = jobContext();
    const aws = await connectAws(target({ role }), ctx);
    expect(aws.arn).toBe(`arn:aws:sts::${account}:assumed-role/deployer/eks-deploy-4711`);
    const { secretAccessKey, sessionToken } = await aws.credentials();
    expect(ctx.recorded.masks).toEqual(expect.arrayContaining([secretAccessKey, sessionToken]));
    expect(ctx.recorded.masks.some((mask) => mask.split(".").length === 3)).toBe(true);
  });

  it("names the role whose trust does not fit, and what to compare", async () => {
    addRole("repo:acme/elsewhere:ref:refs/heads/main");
    environment({});
    await expect(connectAws(target({ role }), jobContext())).rejects.toMatchObject({
      code: "AWS_ROLE_NOT_ASSUMED",
      happened: expect.stringContaining(role),
    });
  });

  it("keeps ambient credentials where the job has no token endpoint, and says so", async () => {
    environment(ambientKeys());
    const ctx = jobContext(false);
    const aws = await connectAws(target({ role }), ctx);
    expect(aws.arn).toContain("user/tester");
    expect(ctx.recorded.lines.join("\n")).toContain("is not assumed");
  });
});

describe("a session that ends before its time", () => {
  it("is minted anew, and the call succeeds", async () => {
    addRole("repo:acme/models:ref:refs/heads/main");
    environment({});
    const ctx = jobContext();
    const aws = await connectAws(target({ role }), ctx);
    const before = await aws.credentials();
    server.principals.expireSessions(Date.now());
    (ctx.clock as FakeClock).advance(60_000);
    const { GetCallerIdentityCommand } = await import("@aws-sdk/client-sts");
    const { Account } = await (await stsClient(aws)).send(new GetCallerIdentityCommand({}));
    expect(Account).toBe(account);
    expect((await aws.credentials()).accessKeyId).not.toBe(before.accessKeyId);
  });

  it("of static credentials is told at once", async () => {
    environment(ambientKeys());
    const expired = { status: 403, headers: { "content-type": "text/xml" }, body: expiredToken };
    server.ground.faults.add({ service: "sts", times: 100, effect: { kind: "answer", answer: expired } });
    await expect(connectAws(target(), jobContext(false))).rejects.toMatchObject({ code: "AWS_CREDENTIALS_REFUSED" });
    expect(server.ground.requests.all).toHaveLength(1);
  });
});

const expiredToken =
  "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message></Error></ErrorResponse>";

describe("a storm of 503 and 429", () => {
  it("is waited out on our clock, and Retry-After is honoured", async () => {
    environment(ambientKeys());
    const busy = { status: 503, headers: { "retry-after": "30" }, body: "" };
    server.ground.faults.add({ service: "sts", times: 3, effect: { kind: "answer", answer: busy } });
    const ctx = jobContext(false);
    const aws = await connectAws(target(), ctx);
    expect(aws.account).toBe(account);
    const waits = ctx.recorded.events.filter((event) => event.kind === "retry").map((event) => event.delay);
    expect(waits).toEqual([30_000, 30_000, 30_000]);
  });

  it("is given up after a bounded number of attempts", async () => {
    environment(ambientKeys());
    const busy = { status: 503, headers: {}, body: "" };
    server.ground.faults.add({ service: "sts", times: 100, effect: { kind: "answer", answer: busy } });
    await expect(connectAws(target(), jobContext(false))).rejects.toMatchObject({ code: "AWS_FAILED" });
    expect(server.ground.requests.all).toHaveLength(6);
  });

  it("never waits longer than two minutes in all", async () => {
    environment(ambientKeys());
    const busy = { status: 503, headers: { "retry-after": "100" }, body: "" };
    server.ground.faults.add({ service: "sts", times: 100, effect: { kind: "answer", answer: busy } });
    await expect(connectAws(target(), jobContext(false))).rejects.toMatchObject({ code: "AWS_FAILED" });
    expect(server.ground.requests.all).toHaveLength(2);
  });
});
