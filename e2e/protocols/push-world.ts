import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Faults } from "../../sandbox/faults.ts";
import { listen } from "../../sandbox/http.ts";
import { RequestLog } from "../../sandbox/requests.ts";
import type { Ground } from "../../sandbox/service.ts";
import { startAws } from "../../sandbox/world/aws.ts";
import { runAction } from "../../src/action/run.ts";
import { pushImages } from "../../src/actions/push-images/index.ts";
import { systemClock } from "../../src/retry.ts";
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
  const defects: unknown[] = [];
  const ground: Ground = {
    requests: new RequestLog(),
    faults: new Faults(),
    now: () => Date.now(),
    pace: 0,
    onDefect: (error) => void defects.push(error),
  };
  const { states, handler, registry } = await startAws(ground, {
    account,
    region,
    partition: "aws",
    issuers: () => undefined,
    clocks: () => [Date.now()],
    discard: false,
  });
  const user = states.principals.addUser(account, "tester");
  const distribution = registryOf === "distribution" ? await startDistribution() : undefined;
  if (distribution) {
    states.ecr.host = distribution.host;
    states.ecr.issueToken = () => ({ password: registryPassword, expiresAt: Date.now() + 12 * 60 * 60 * 1000 });
  }
  const endpoint = await listen(handler, ground.onDefect);
  const restore = useAwsEnvironment({
    AWS_ENDPOINT_URL: endpoint.url,
    AWS_ACCESS_KEY_ID: user.caller.accessKeyId,
    AWS_SECRET_ACCESS_KEY: user.secretAccessKey,
  });
  return {
    host: states.ecr.host,
    password: states.ecr.issueToken(user.caller).password,
    folder,
    defects,
    async push(inputs) {
      const ambient = { region, workspace: folder, temp: join(folder, "temp") };
      const runner = testRunner(inputs, testContext({ clock: systemClock, ambient }));
      await runAction(pushImages, runner);
      return runner;
    },
    async close() {
      restore();
      await Promise.all([registry.close(), endpoint.close(), distribution?.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
