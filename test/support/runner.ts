import { summaryOf } from "../../src/action/ending.ts";
import type { Runner } from "../../src/action/runner.ts";
import { renderSummary } from "../../src/action/summary.ts";
import { type TestContext, testContext } from "./context.ts";

export interface TestRunner extends Runner {
  readonly context: TestContext;
  readonly outputs: Record<string, string>;
  /** `known`: told without an annotation. */
  readonly failures: { code: string; message: string; known?: boolean }[];
  summary: string;
}

/** A runner that records what an action does with it. */
export function testRunner(inputs: Readonly<Record<string, string>>, context: TestContext = testContext()): TestRunner {
  const outputs: Record<string, string> = {};
  const failures: TestRunner["failures"] = [];
  const runner: TestRunner = {
    context,
    outputs,
    failures,
    summary: "",
    grace: new AbortController().signal,
    remembered: {},
    given: Object.keys(inputs),
    input: (name) => inputs[name],
    setOutput(name, value) {
      outputs[name] = value;
    },
    async conclude(ending) {
      context.log.info(ending.headline);
      runner.summary += renderSummary(summaryOf(ending));
    },
    masked: (text) => context.recorded.masks.reduce((shown, mask) => shown.replaceAll(mask, "***"), text),
    fail(code, message, _at, known = false) {
      failures.push({ code, message, ...(known ? { known } : {}) });
    },
  };
  return runner;
}
