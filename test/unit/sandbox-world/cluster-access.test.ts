import { beforeEach, describe, expect, it } from "vitest";
import { EksState } from "../../../sandbox/aws/eks/state.ts";
import { type Credential, Principals } from "../../../sandbox/aws/principals.ts";
import { expectedSignature, readSignature, sha256 } from "../../../sandbox/aws/sigv4.ts";
import { Issuer } from "../../../sandbox/github/jwt.ts";
import { ClusterAccess } from "../../../sandbox/world/cluster-access.ts";

const account = "210987654321";
const region = "us-east-2";
const minute = 60_000;
const start = Date.parse("2026-11-24T00:00:00Z");
const issuer = new Issuer("https://oidc.example.com");

let now: number;
let principals: Principals;
let access: ClusterAccess;
const eks = new EksState(account, region, "aws");
const cluster = eks.addCluster({ name: "poolside", endpoint: "https://127.0.0.1:1", authority: "", issuer }, start);

beforeEach(() => {
  now = start;
  principals = new Principals("aws");
  cluster.accessEntries.clear();
  access = new ClusterAccess(
    principals,
    () => cluster,
    region,
    () => [now],
  );
});

/** A token as `aws eks get-token` makes it. */
function tokenOf({ caller, secretAccessKey, sessionToken }: Credential, name = "poolside"): string {
  const host = `sts.${region}.amazonaws.com`;
  const stamp = new Date(now).toISOString().replace(/[-:]|\.\d+/g, "");
  const query = new URLSearchParams({
    Action: "GetCallerIdentity",
    Version: "2011-06-15",
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": `${caller.accessKeyId}/${stamp.slice(0, 8)}/${region}/sts/aws4_request`,
    "X-Amz-Date": stamp,
    "X-Amz-Expires": "60",
    "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
    ...(sessionToken ? { "X-Amz-Security-Token": sessionToken } : {}),
  });
  const parts = { method: "GET", target: `/?${query}&X-Amz-Signature=0`, headers: { host, "x-k8s-aws-id": name } };
  const signature = expectedSignature(parts, readSignature(parts)!, sha256(""), secretAccessKey);
  return `k8s-aws-v1.${Buffer.from(`https://${host}/?${query}&X-Amz-Signature=${signature}`).toString("base64url")}`;
}

function admit(principalArn: string): void {
  const policies = [{ name: "AmazonEKSAdminPolicy", namespaces: ["poolside-models"] }];
  cluster.accessEntries.set(principalArn, {
    principalArn,
    username: "deployer",
    groups: ["g"],
    type: "STANDARD",
    policies,
  });
}

describe("who comes to the cluster", () => {
  it("is a user with an access entry, with the entry's groups and policies", () => {
    const user = principals.addUser(account, "deployer");
    expect(access.authenticate(tokenOf(user))).toBeUndefined();
    admit(user.caller.arn);
    expect(access.authenticate(tokenOf(user))).toMatchObject({ user: "deployer", groups: ["g"] });
  });

  it("is a session by the entry of its role, whose path the session does not show", () => {
    const role = { arn: `arn:aws:iam::${account}:role/ci/deploy`, name: "deploy", id: "AROA1", account };
    const session = principals.addSession(role, "job", now, 3600);
    admit(`arn:aws:iam::${account}:role/ci/deploy`);
    expect(access.authenticate(tokenOf(session))?.user).toBe("deployer");
    cluster.accessEntries.clear();
    admit(`arn:aws:iam::${account}:role/ci/other-deploy`);
    expect(access.authenticate(tokenOf(session))).toBeUndefined();
  });

  it("is nobody with another cluster's token, after 15 minutes, or once tokens were ended", () => {
    const user = principals.addUser(account, "deployer");
    admit(user.caller.arn);
    expect(access.authenticate(tokenOf(user, "elsewhere"))).toBeUndefined();
    const token = tokenOf(user);
    now += 14 * minute;
    expect(access.authenticate(token)).toBeDefined();
    now += 2 * minute;
    expect(access.authenticate(token)).toBeUndefined();
    const fresh = tokenOf(user);
    expect(access.authenticate(fresh)).toBeDefined();
    access.expireTokens();
    expect(access.authenticate(fresh)).toBeUndefined();
    now += 1_000;
    expect(access.authenticate(tokenOf(user))).toBeDefined();
  });
});
