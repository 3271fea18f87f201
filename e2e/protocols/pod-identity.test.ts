import {
  CreateAddonCommand,
  CreateClusterCommand,
  DescribePodIdentityAssociationCommand,
  EKSClient,
  ListPodIdentityAssociationsCommand,
} from "@aws-sdk/client-eks";
import { GetRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runAction } from "../../src/action/run.ts";
import { ensureIrsa } from "../../src/actions/ensure-irsa/index.ts";
import { fakeClock, testContext } from "../../test/support/context.ts";
import { type TestRunner, testRunner } from "../../test/support/runner.ts";
import { useAwsEnvironment } from "../environment.ts";
import { type MinistackServer, startMinistack } from "./ministack.ts";

const region = "us-east-2";
const bucket = "acme-models-dev";
const cluster = "poolside";
let ministack: MinistackServer;
let restore: () => void;
let eks: EKSClient;
let iam: IAMClient;

/** ministack is lenient: it proves that our calls and its answers have the shapes of AWS's protocol, and no more. */
beforeAll(async () => {
  ministack = await startMinistack();
  restore = useAwsEnvironment({
    AWS_ENDPOINT_URL: ministack.url,
    AWS_ACCESS_KEY_ID: "e2e",
    AWS_SECRET_ACCESS_KEY: "loopback-only",
  });
  eks = new EKSClient({ region });
  iam = new IAMClient({ region });
  const s3 = new S3Client({ region, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint: region } }));
  await eks.send(
    new CreateClusterCommand({
      name: cluster,
      roleArn: "arn:aws:iam::000000000000:role/cluster",
      resourcesVpcConfig: { subnetIds: ["subnet-0a1b2c3d"] },
    }),
  );
  await eks.send(new CreateAddonCommand({ clusterName: cluster, addonName: "eks-pod-identity-agent" }));
  s3.destroy();
});

afterAll(async () => {
  eks?.destroy();
  iam?.destroy();
  restore?.();
  await ministack?.close();
});

async function run(): Promise<TestRunner> {
  const runner = testRunner(
    { cluster, bucket, mode: "pod-identity", "kms-key-arn": "none" },
    testContext({ clock: fakeClock(Date.now()), ambient: { region } }),
  );
  await runAction(ensureIrsa, runner);
  return runner;
}

it("associates a role with the service account in an EKS that others wrote", async () => {
  const first = await run();
  expect(first.failures).toEqual([]);
  const { associations = [] } = await eks.send(new ListPodIdentityAssociationsCommand({ clusterName: cluster }));
  expect(associations).toMatchObject([{ namespace: "poolside-models", serviceAccount: "inference" }]);
  const { association } = await eks.send(
    new DescribePodIdentityAssociationCommand({
      clusterName: cluster,
      associationId: associations[0]!.associationId,
    }),
  );
  expect(association!.roleArn).toBe(first.outputs["role-arn"]);
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: "inference-pod-role" }));
  expect(JSON.parse(decodeURIComponent(Role!.AssumeRolePolicyDocument!)).Statement).toMatchObject([
    { Principal: { Service: "pods.eks.amazonaws.com" } },
  ]);
});

it("changes nothing the second time", async () => {
  const second = await run();
  expect(second.failures).toEqual([]);
  expect(second.outputs).toMatchObject({ changes: "0", changed: "false" });
});
