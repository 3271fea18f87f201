import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runAction } from "../../src/action/run.ts";
import { pushImages } from "../../src/actions/push-images/index.ts";
import { systemClock } from "../../src/retry.ts";
import { startTestAws } from "../../test/support/aws.ts";
import { testContext } from "../../test/support/context.ts";
import { type TestRunner, testRunner } from "../../test/support/runner.ts";
import { useAwsEnvironment } from "../environment.ts";
import { registryPassword, startDistribution } from "./distribution.ts";

const account = "210987654321";
const region = "us-east-2";

/** A registry behind ECR's control plane, which is the sandbox's, and a workspace. */
export interface PushWorld {
  /** `127.0.0.1:<port>` of the registry. */
  readonly host: string;
  /** Of ECR's user, `AWS`. */
  readonly password: string;
  /** The workspace. */
  readonly folder: string;
  readonly defects: readonly unknown[];
  /** Runs push-images as a step would. */
  push(inputs: Readonly<Record<string, string>>): Promise<TestRunner>;
  close(): Promise<void>;
}

/** `distribution`: the registry is the CNCF's; `sandbox`: it is the sandbox's own. */
export async function startPushWorld(registryOf: "distribution" | "sandbox"): Promise<PushWorld> {
  const folder = mkdtempSync(join(tmpdir(), "eks-deploy-e2e-push-"));
  const aws = await startTestAws({ account, region });
  const { ecr } = aws.states;
  const distribution = registryOf === "distribution" ? await startDistribution() : undefined;
  if (distribution) {
    ecr.host = distribution.host;
    ecr.issueToken = () => ({ password: registryPassword, expiresAt: Date.now() + 12 * 60 * 60 * 1000 });
  }
  const restore = useAwsEnvironment(aws.env);
  return {
    host: ecr.host,
    password: ecr.issueToken(aws.user).password,
    folder,
    defects: aws.defects,
    async push(inputs) {
      const ambient = { region, workspace: folder, temp: join(folder, "temp") };
      const runner = testRunner(inputs, testContext({ clock: systemClock, ambient }));
      await runAction(pushImages, runner);
      return runner;
    },
    async close() {
      restore();
      await Promise.all([aws.close(), distribution?.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
