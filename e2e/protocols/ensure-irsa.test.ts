import { CreateClusterCommand, DescribeClusterCommand, EKSClient } from "@aws-sdk/client-eks";
import {
  CreateOpenIDConnectProviderCommand,
  GetRoleCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
} from "@aws-sdk/client-iam";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runAction } from "../../src/action/run.ts";
import { ensureIrsa } from "../../src/actions/ensure-irsa/index.ts";
import { fakeClock, testContext } from "../../test/support/context.ts";
import { type TestRunner, testRunner } from "../../test/support/runner.ts";
import { useAwsEnvironment } from "../environment.ts";
import { type MotoServer, startMoto } from "./moto.ts";

const region = "us-east-2";
const bucket = "acme-models-dev";
const cluster = "poolside";
let moto: MotoServer;
let restore: () => void;
let iam: IAMClient;
let issuer: string;

/** moto is lenient: it proves that our calls and its answers have the shapes of AWS's protocol, and no more. */
beforeAll(async () => {
  moto = await startMoto();
  restore = useAwsEnvironment({
    AWS_ENDPOINT_URL: moto.url,
    AWS_ACCESS_KEY_ID: "e2e",
    AWS_SECRET_ACCESS_KEY: "loopback-only",
  });
  const eks = new EKSClient({ region });
  iam = new IAMClient({ region });
  const s3 = new S3Client({ region, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint: region } }));
  await eks.send(
    new CreateClusterCommand({
      name: cluster,
      roleArn: "arn:aws:iam::123456789012:role/cluster",
      resourcesVpcConfig: { subnetIds: ["subnet-0a1b2c3d"] },
    }),
  );
  const described = await eks.send(new DescribeClusterCommand({ name: cluster }));
  issuer = described.cluster!.identity!.oidc!.issuer!;
  await iam.send(
    new CreateOpenIDConnectProviderCommand({
      Url: issuer,
      ClientIDList: ["sts.amazonaws.com"],
      ThumbprintList: ["0".repeat(40)],
    }),
  );
  for (const client of [eks, s3]) client.destroy();
});

afterAll(async () => {
  iam?.destroy();
  restore?.();
  await moto?.close();
});

async function run(inputs: Readonly<Record<string, string>> = {}): Promise<TestRunner> {
  const runner = testRunner(
    { cluster, bucket, "kms-key-arn": "none", ...inputs },
    testContext({ clock: fakeClock(Date.now()), ambient: { region } }),
  );
  await runAction(ensureIrsa, runner);
  return runner;
}

it("makes policy, role and attachment in an IAM that others wrote, which reads the trust as it was meant", async () => {
  const first = await run();
  expect(first.failures).toEqual([]);
  expect(first.outputs["role-arn"]).toBe("arn:aws:iam::123456789012:role/inference-pod-role");
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: "inference-pod-role" }));
  const host = issuer.replace("https://", "");
  expect(JSON.parse(decodeURIComponent(Role!.AssumeRolePolicyDocument!)).Statement).toMatchObject([
    {
      Principal: { Federated: `arn:aws:iam::123456789012:oidc-provider/${host}` },
      Condition: {
        StringEquals: {
          [`${host}:aud`]: "sts.amazonaws.com",
          [`${host}:sub`]: "system:serviceaccount:poolside-models:inference",
        },
      },
    },
  ]);
  const attached = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName: "inference-pod-role" }));
  expect(attached.AttachedPolicies).toMatchObject([{ PolicyArn: first.outputs["policy-arn"] }]);
});

it("changes nothing the second time, however that IAM writes the documents back", async () => {
  const second = await run();
  expect(second.failures).toEqual([]);
  expect(second.outputs).toMatchObject({ changes: "0", changed: "false" });
});

it("refuses a role that another release owns, before the first write", async () => {
  const stranger = await run({ namespace: "other" });
  expect(stranger.failures).toHaveLength(1);
  expect(stranger.failures[0]!.message).toContain("inference-pod-role");
  expect(stranger.failures[0]!.message).toContain("poolside/poolside-models/inference");
});
