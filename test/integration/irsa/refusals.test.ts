import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AwsServer, account, bucketName, clusterName, startAws, writesSince } from "./server.ts";

let server: AwsServer;
beforeEach(async () => {
  server = await startAws();
});
afterEach(async () => {
  expect(server.defects).toEqual([]);
  expect(writesSince(server)).toEqual([]);
  await server.close();
});

async function refused(code: string, words: string | RegExp, inputs: Readonly<Record<string, string>> = {}) {
  const runner = await server.run(inputs);
  expect(runner.failures[0]?.code).toBe(code);
  expect(runner.failures[0]?.message).toMatch(words);
  expect(runner.outputs["changed"]).toBe("false");
}

describe("before the first write", () => {
  it("a missing provider is told with the command that makes it", () =>
    refused("IRSA_NO_PROVIDER", `eksctl utils associate-iam-oidc-provider --cluster ${clusterName} --approve`));

  it("a provider for another audience is told with the command that adds ours", () => {
    server.addProvider(["sigstore"]);
    return refused("IRSA_PROVIDER_AUDIENCE", /add-client-id-to-open-id-connect-provider .* --client-id sts/);
  });

  it("another account is refused", () =>
    refused("AWS_ACCOUNT_MISMATCH", account, { "aws-account-id": "111122223333" }));

  it("a cluster that is not there is refused", () =>
    refused("CLUSTER_NOT_FOUND", "list-clusters", { cluster: "prod" }));

  describe("with the provider there", () => {
    beforeEach(() => server.addProvider());

    it("a bucket that is not there is refused", () => refused("BUCKET_NOT_FOUND", "no-such", { bucket: "no-such" }));

    it("a bucket of another owner is refused", () => {
      Object.assign(server.bucket, { owner: "111122223333" });
      return refused("BUCKET_REFUSED", bucketName);
    });

    it("a bucket in another region is refused", () => {
      Object.assign(server.bucket, { region: "eu-west-1" });
      return refused("BUCKET_REGION", "eu-west-1");
    });

    it("a disabled key is refused", () => {
      const key = server.kms.add({ state: "Disabled" });
      server.bucket.encryption = { algorithm: "aws:kms", keyArn: key.arn, bucketKey: true };
      server.bucket.configuredKey = key.arn;
      return refused("IRSA_KEY_UNUSABLE", /Disabled/);
    });

    it("a key of another region is refused", () =>
      refused("IRSA_KEY_UNUSABLE", "lies in eu-west-1", {
        "kms-key-arn": `arn:aws:kms:eu-west-1:${account}:key/11111111-2222-3333-4444-555555555555`,
      }));

    it("a key that may not be found out is asked for", () => {
      server.denied.add("s3:GetEncryptionConfiguration");
      return refused("IRSA_KEY_UNKNOWN", "kms-key-arn");
    });

    it("a role name that differs only by case is refused", () => {
      server.addRole({ name: "Inference-Pod-Role" });
      return refused("IRSA_NAME_TAKEN", "Inference-Pod-Role");
    });

    it("a role under another path is refused", () => {
      server.addRole({ path: "/ml/" });
      return refused("IRSA_NAME_TAKEN", "role/ml/inference-pod-role");
    });

    it.each(["Inference-Pod-Policy", "inference-pod-policy"])(
      "a policy %s under another path or in other case is refused",
      (name) => {
        server.addPolicy(name, [JSON.stringify({ Version: "2012-10-17", Statement: [] })], { path: "/ml/" });
        return refused("IRSA_NAME_TAKEN", `policy/ml/${name}`);
      },
    );

    it("names that IAM does not take are refused, all at once", async () => {
      const long = "x".repeat(65);
      await refused("INPUT_INVALID", /role-name must be at most 64.*\n.*policy-name must be made of/, {
        "role-name": long,
        "policy-name": "a b",
      });
    });

    it("a policy over the account's own limit is refused with its size", () => {
      server.iam.quotas = { ...server.iam.quotas, policySize: 300 };
      return refused("IRSA_LIMIT", /permissions policy would have \d+ characters; the account allows 300/);
    });

    it("a trust policy over the account's own limit is refused", () => {
      server.iam.quotas = { ...server.iam.quotas, trustSize: 200 };
      return refused("IRSA_LIMIT", "trust policy");
    });

    it("a prefix in another bucket is refused: the pods could not read it", () =>
      refused("IRSA_PREFIX_ELSEWHERE", "s3://other/checkpoints/point", {
        prefixes: "point=s3://other/checkpoints/point",
      }));

    it("scope prefixes without prefixes is refused", () => refused("IRSA_NO_PREFIXES", "scope", { scope: "prefixes" }));
  });
});

describe("tags that IAM would not take", () => {
  it.each([
    ["eks-deploy/owner: me", "reserved"],
    ["'aws:x': y", "reserved"],
    ["{team: a, Team: b}", "differ only by case"],
    ["team: 'a;b'", "no valid value"],
  ])("are refused: %s", (tags, words) => refused("INPUT_INVALID", words, { tags }));
});
