import { setFlagsFromString } from "node:v8";
import type { AnyAction } from "./action/action.ts";
import { runAction, settleAction } from "./action/run.ts";
import type { ActionName } from "./action-names.ts";
import { createRunner } from "./runner/github.ts";

/** Each action loads alone: a stub pays only for what it runs. */
const actions: Readonly<Record<ActionName, () => Promise<AnyAction>>> = {
  "push-images": async () => (await import("./actions/push-images/index.ts")).pushImages,
  "sync-checkpoints": async () => (await import("./actions/sync-checkpoints/index.ts")).syncCheckpoints,
  "ensure-irsa": async () => (await import("./actions/ensure-irsa/index.ts")).ensureIrsa,
  "render-values": async () => (await import("./actions/render-values/index.ts")).renderValues,
  "helm-deploy": async () => (await import("./actions/helm-deploy/index.ts")).helmDeploy,
  "smoke-test": async () => (await import("./actions/smoke-test/index.ts")).smokeTest,
  release: async () => (await import("./actions/release/index.ts")).release,
};

/** Runs the command line of a terminal; ends the process. */
export async function cli(args: readonly string[]): Promise<void> {
  const { runCli } = await import("./cli/run.ts");
  const screen = (stream: NodeJS.WriteStream) => ({
    write: (text: string) => void stream.write(text),
    isTTY: stream.isTTY ?? false,
    columns: stream.columns ?? 120,
  });
  const code = await runCli(args, (name) => actions[name](), {
    stdout: screen(process.stdout),
    stderr: screen(process.stderr),
    env: process.env,
    folder: process.cwd(),
  });
  process.stdout.write("", () => process.exit(code));
}

/** Set by main for the post step; its absence tells that this is main. */
const startedState = "eks-deploy-started";
const endedState = "eks-deploy-ended";

/** Runs an action as GitHub's runner starts it, for main and for post; ends the process. */
export async function main(name: ActionName): Promise<void> {
  const action = thrifty(await actions[name]());
  const secrets = Object.entries(action.contract.inputs as Record<string, { secret?: boolean }>)
    .filter(([, input]) => input.secret)
    .map(([input]) => input);
  const runner = createRunner(secrets);
  if (runner.remembered[startedState]) {
    if (!runner.remembered[endedState]) await settleAction(action, runner);
  } else {
    runner.context.remember(startedState, "true");
    await runAction(action, runner);
    runner.context.remember(endedState, "true");
  }
  runner.cancellation.dispose();
  process.stdout.write("", () => process.exit());
}

/**
 * The action, with a thriftier V8 once it is connected (docs/decisions.md). The room for short-lived objects stays as it is (some MiB): V8 doubles it
 * up to 64 MiB while thousands of requests are made, and collects buffers of the network the later for it. What outlived that room is collected when
 * it has grown by a third, not by up to three times. V8 reads both flags whenever something is about to grow, so they may be set at any time.
 */
function thrifty(action: AnyAction): AnyAction {
  return {
    ...action,
    async connect(...given) {
      const clients = await action.connect(...given);
      setFlagsFromString("--semi-space-growth-factor=1");
      setFlagsFromString("--heap-growing-percent=30");
      return clients;
    },
  };
}
