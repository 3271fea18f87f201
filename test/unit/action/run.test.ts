import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Action } from "../../../src/action/action.ts";
import { commonInputs, commonOutputs } from "../../../src/action/common.ts";
import { defineContract } from "../../../src/action/contract.ts";
import { text } from "../../../src/action/inputs.ts";
import { textOutput } from "../../../src/action/outputs.ts";
import { planDigest } from "../../../src/action/plan.ts";
import { runAction } from "../../../src/action/run.ts";
import { UserError } from "../../../src/errors.ts";
import { testContext } from "../../support/context.ts";
import { testRunner } from "../../support/runner.ts";

const contract = defineContract({
  name: "example",
  title: "Example",
  description: "An example.",
  inputs: { wanted: text({ required: true, description: "" }), ...commonInputs("deploy") },
  outputs: { made: textOutput(""), undone: textOutput(""), ...commonOutputs },
});

/** An action over a world of one word. */
function example(world: { word: string }, options: { failIn?: "apply" | "verify"; onApply?: () => void } = {}) {
  const calls: string[] = [];
  const action: Action<typeof contract, object, string, string, void> = {
    contract,
    connect: async () => ({}),
    observe: async () => world.word,
    plan: (inputs, observed) => ({
      changes:
        observed === inputs.wanted
          ? []
          : [{ verb: "update", kind: "word", name: "word", from: observed, to: inputs.wanted, reason: "it differs" }],
      endState: { word: inputs.wanted },
      outputs: { made: inputs.wanted },
      work: inputs.wanted,
    }),
    async apply(plan) {
      calls.push("apply");
      options.onApply?.();
      if (options.failIn === "apply") throw new UserError("EXAMPLE_BROKE", { happened: "It broke.", next: "Mend it." });
      world.word = plan.work;
    },
    async verify(plan) {
      calls.push("verify");
      const failure =
        options.failIn === "verify"
          ? new UserError("EXAMPLE_WRONG", { happened: "It is wrong.", next: "Look." })
          : undefined;
      return { outputs: { made: plan.work } as never, failure };
    },
    report: () => ({ headline: "The word stands.", blocks: [] }),
    async recover(failure) {
      calls.push(`recover ${failure.code}`);
      return { undone: "yes" };
    },
    async close() {
      calls.push("close");
    },
  };
  return { action, calls };
}

function runner(inputs: Record<string, string>, signal?: AbortSignal) {
  const temp = mkdtempSync(join(tmpdir(), "eks-deploy-test-"));
  return testRunner(inputs, testContext({ ambient: { temp, workspace: temp }, signal }));
}

describe("runAction", () => {
  it("applies, verifies, and tells outputs, summary and report file", async () => {
    const world = { word: "old" };
    const { action, calls } = example(world);
    const given = runner({ wanted: "new" });
    expect(await runAction(action, given)).toBe("done");
    expect(world.word).toBe("new");
    expect(calls).toEqual(["apply", "verify", "close"]);
    expect(given.outputs).toMatchObject({ made: "new", changed: "true", changes: "1", headline: "The word stands." });
    expect(given.outputs["plan-sha256"]).toBe(planDigest({ endState: { word: "new" } }));
    expect(given.summary).toContain("| update | word | `word` | old | new | it differs |");
    expect(JSON.parse(readFileSync(given.outputs["report"]!, "utf8"))).toMatchObject({
      action: "example",
      outcome: "done",
      outputs: { made: "new" },
    });
  });

  it("does not apply when nothing has to change, and still verifies", async () => {
    const { action, calls } = example({ word: "new" });
    const given = runner({ wanted: "new" });
    await runAction(action, given);
    expect(calls).toEqual(["verify", "close"]);
    expect(given.outputs).toMatchObject({ changed: "false", changes: "0" });
  });

  it("stops a dry run after the plan, with the outputs that follow from it", async () => {
    const world = { word: "old" };
    const { action, calls } = example(world);
    const given = runner({ wanted: "new", "dry-run": "true" });
    expect(await runAction(action, given)).toBe("done");
    expect(calls).toEqual(["close"]);
    expect(world.word).toBe("old");
    expect(given.outputs).toMatchObject({ made: "new", changed: "false", changes: "1" });
  });

  it("reaches an approved end state, and no other", async () => {
    const world = { word: "old" };
    const digest = planDigest({ endState: { word: "new" } });
    const wrong = runner({ wanted: "other", "approved-plan": digest });
    expect(await runAction(example(world).action, wrong)).toBe("failed");
    expect(wrong.failures[0]!.code).toBe("PLAN_DIFFERS");
    expect(world.word).toBe("old");
    expect(await runAction(example(world).action, runner({ wanted: "new", "approved-plan": digest }))).toBe("done");
    expect(world.word).toBe("new");
  });

  it("fails a drift check that finds drift, and writes nothing", async () => {
    const world = { word: "old" };
    const given = runner({ wanted: "new", "fail-on-changes": "true" });
    expect(await runAction(example(world).action, given)).toBe("failed");
    expect(given.failures[0]!.code).toBe("CHANGES_PLANNED");
    expect(world.word).toBe("old");
  });

  it.each(["apply", "verify"] as const)("recovers after a failure in %s, and still reports", async (failIn) => {
    const { action, calls } = example({ word: "old" }, { failIn });
    const given = runner({ wanted: "new" });
    expect(await runAction(action, given)).toBe("failed");
    expect(calls.at(-2)).toMatch(/^recover EXAMPLE_/);
    expect(calls.at(-1)).toBe("close");
    expect(given.outputs["undone"]).toBe("yes");
    expect(given.failures).toHaveLength(1);
    expect(given.summary).toContain("[!CAUTION]");
  });

  it("keeps secrets out of the report file, whoever said them", async () => {
    const given = runner({ wanted: "hunter2-is-the-key" });
    given.context.mask("hunter2-is-the-key");
    await runAction(example({ word: "old" }).action, given);
    for (const name of ["report", "plan"]) {
      const text = readFileSync(given.outputs[name]!, "utf8");
      expect(text).toContain("***");
      expect(text).not.toContain("hunter2");
    }
  });

  it("tells outputs and failure even where the action's own report breaks", async () => {
    const { action } = example({ word: "old" });
    const broken = { ...action, report: () => Promise.reject(new Error("no words")) };
    const given = runner({ wanted: "new" });
    expect(await runAction(broken, given)).toBe("failed");
    expect(given.outputs).toMatchObject({ made: "new", changed: "true" });
    expect(given.failures).toHaveLength(1);
  });

  it("tells a cancelled run from a failed one", async () => {
    const controller = new AbortController();
    const { action } = example({ word: "old" }, { failIn: "apply", onApply: () => controller.abort() });
    expect(await runAction(action, runner({ wanted: "new" }, controller.signal))).toBe("cancelled");
  });

  it("says that there is no spec where an environment is given, before anything is missed", async () => {
    const { action } = example({ word: "old" });
    const runner = testRunner({ environment: "dev" }, testContext());
    await runAction(action, runner);
    const { workspace } = runner.context.ambient;
    expect(runner.context.recorded.lines[0]).toBe(
      `There is no eks-deploy.yaml in ${workspace}: environment dev is only a name, and everything else must come from inputs`,
    );
  });

  it("fails before anything else when an input is missing", async () => {
    const { action, calls } = example({ word: "old" });
    const given = runner({});
    expect(await runAction(action, given)).toBe("failed");
    expect(given.failures[0]).toMatchObject({ code: "INPUT_INVALID" });
    expect(calls).toEqual([]);
    expect(given.outputs["headline"]).toContain("wanted is missing");
  });
});
