import { CreateClusterCommand, EKSClient } from "@aws-sdk/client-eks";
import { IAMClient } from "@aws-sdk/client-iam";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { runAction } from "../../src/action/run.ts";
import { ensureIrsa } from "../../src/actions/ensure-irsa/index.ts";
import { fakeClock, testContext } from "../../test/support/context.ts";
import { type TestRunner, testRunner } from "../../test/support/runner.ts";
import { useAwsEnvironment } from "../environment.ts";

const region = "us-east-2";
const bucket = "acme-models-dev";
export const cluster = "poolside";

/** AWS's services as others imitate them, with a bucket and a cluster. They are lenient: they prove that our calls and their answers have the shapes of AWS's protocol, and no more. */
export interface IrsaWorld {
  readonly eks: EKSClient;
  readonly iam: IAMClient;
  run(inputs?: Readonly<Record<string, string>>): Promise<TestRunner>;
  close(): Promise<void>;
}

export async function openIrsaWorld(
  server: { readonly url: string; close(): Promise<void> },
  account: string,
): Promise<IrsaWorld> {
  const restore = useAwsEnvironment({
    AWS_ENDPOINT_URL: server.url,
    AWS_ACCESS_KEY_ID: "e2e",
    AWS_SECRET_ACCESS_KEY: "loopback-only",
  });
  const eks = new EKSClient({ region });
  const iam = new IAMClient({ region });
  const s3 = new S3Client({ region, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint: region } }));
  await eks.send(
    new CreateClusterCommand({
      name: cluster,
      roleArn: `arn:aws:iam::${account}:role/cluster`,
      resourcesVpcConfig: { subnetIds: ["subnet-0a1b2c3d"] },
    }),
  );
  s3.destroy();
  return {
    eks,
    iam,
    async run(inputs = {}) {
      const runner = testRunner(
        { cluster, bucket, "kms-key-arn": "none", ...inputs },
        testContext({ clock: fakeClock(Date.now()), ambient: { region } }),
      );
      await runAction(ensureIrsa, runner);
      return runner;
    },
    async close() {
      eks.destroy();
      iam.destroy();
      restore();
      await server.close();
    },
  };
}
