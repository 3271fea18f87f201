/** helm-deploy in a process of its own, for tests that cancel and kill it: reads what to do from a file, prints what came of it. */
import { readFileSync } from "node:fs";
import { runAction, settleAction } from "../../../src/action/run.ts";
import { helmDeploy } from "../../../src/actions/helm-deploy/index.ts";
import { listenForCancellation } from "../../../src/runner/cancellation.ts";
import { testContext } from "../../support/context.ts";
import { testRunner } from "../../support/runner.ts";
import { fastClock } from "./clock.ts";

export interface ProcessJob {
  readonly inputs: Readonly<Record<string, string>>;
  readonly temp: string;
  readonly workspace: string;
  readonly path: string;
  readonly clock: { readonly factor: number; readonly start: number };
  readonly run: { readonly url: string; readonly id: string };
  /** The post step, with what main remembered. */
  readonly remembered?: Readonly<Record<string, string>>;
}

const job = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as ProcessJob;
const cancellation = listenForCancellation(() => {});
const context = testContext({
  clock: fastClock(job.clock.factor, job.clock.start),
  signal: cancellation.signal,
  ambient: {
    temp: job.temp,
    workspace: job.workspace,
    path: job.path,
    run: { ...job.run, repository: "acme/models", actor: "octocat", sha: "0".repeat(40) },
  },
});
const remember = context.remember;
context.remember = (key, value) => {
  remember(key, value);
  process.stdout.write(`${JSON.stringify({ remembered: { [key]: value } })}\n`);
};
const runner = { ...testRunner(job.inputs, context), grace: cancellation.grace, remembered: job.remembered ?? {} };
if (job.remembered) await settleAction(helmDeploy, runner);
else await runAction(helmDeploy, runner);
process.stdout.write(
  `${JSON.stringify({ outputs: runner.outputs, failures: runner.failures, lines: context.recorded.lines, findings: context.recorded.findings })}\n`,
);
process.exit(0);
