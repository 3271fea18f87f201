/** The root action in a process of its own, for tests that kill it: reads its inputs from a file, prints what came of it. */
import { readFileSync } from "node:fs";
import { runAction } from "../../../src/action/run.ts";
import { release } from "../../../src/actions/release/index.ts";
import { type Clock, systemClock } from "../../../src/retry.ts";
import { readAmbient } from "../../../src/runner/ambient.ts";
import { testContext } from "../../support/context.ts";
import { testRunner } from "../../support/runner.ts";

const inputs = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as Readonly<Record<string, string>>;
const factor = Number(process.argv[3]);
let slept = 0;
/** Waits are short, and the hands go on as if they had been long. */
const clock: Clock = {
  ...systemClock,
  now: () => Date.now() + slept,
  async sleep(milliseconds, signal) {
    await systemClock.sleep(milliseconds * factor, signal);
    slept += milliseconds * (1 - factor);
  },
};
const runner = testRunner(inputs, testContext({ clock, ambient: readAmbient(process.env, () => {}) }));
await runAction(release, runner);
const { outputs, failures, context } = runner;
process.stdout.write(JSON.stringify({ outputs, failures, lines: context.recorded.lines }));
process.exit(0);
