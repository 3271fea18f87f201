import { describe, expect, it } from "vitest";
import { actionFiles, exampleFiles, textOf, workflowFiles } from "./files.ts";
import { findings } from "./language-service.ts";

describe("GitHub's language service", () => {
  it.each([...workflowFiles, ...exampleFiles, ...actionFiles])("finds nothing in %s", async (path) => {
    expect(await findings(path)).toEqual([]);
  });

  it.each([
    ["an input that the action does not have", "command: plan", "comand: plan"],
    ["an action that does not exist", "$/actions/release", "$/actions/releases"],
    ["a job that does not exist", "needs: plan", "needs: plans"],
    ["an unknown context", "inputs.plan-only", "input.plan-only"],
    ["an unknown queue", "queue: max", "queue: most"],
  ])("would find %s", async (_, right, wrong) => {
    const text = textOf(".github/workflows/release.yml");
    expect(text).toContain(right);
    expect(await findings(".github/workflows/release.yml", text.replace(right, wrong))).not.toEqual([]);
  });
});
