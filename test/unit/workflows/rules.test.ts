import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { exampleFiles, root, stepsOf, textOf, type Workflow, workflowFiles, workflowOf } from "./files.ts";

const own = "poolside/eks-deploy";
const all = [...workflowFiles, ...exampleFiles];
const reusable = workflowFiles.filter((path) => workflowOf(path).on.workflow_call);

/** Everything that a workflow uses: actions of steps, workflows of jobs. */
function usesOf(workflow: Workflow): readonly string[] {
  const steps = stepsOf(workflow).flatMap(({ step }) => (step.uses ? [step.uses] : []));
  return [...steps, ...Object.values(workflow.jobs).flatMap((job) => (job.uses ? [job.uses] : []))];
}

/** The folder or file of this repository that a reference means; undefined for one of others. */
function ownPath(uses: string): string | undefined {
  if (uses.startsWith("$/") || uses.startsWith("./")) return uses.slice(2);
  const [path = "", ref] = uses.split("@");
  return ref && (path === own || path.startsWith(`${own}/`)) ? path.slice(own.length + 1) : undefined;
}

interface ActionFile {
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

function actionOf(folder: string): ActionFile {
  return parse(textOf(join(folder, "action.yml"))) as ActionFile;
}

describe.each(all)("%s", (path) => {
  const workflow = workflowOf(path);
  const text = textOf(path);

  it("pins what others wrote to a commit, with the version beside it", () => {
    for (const [, uses = "", comment = ""] of text.matchAll(/uses: ([^\s#]+)(.*)/g)) {
      if (ownPath(uses) !== undefined) continue;
      expect(uses).toMatch(/^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/);
      expect(comment).toMatch(/^ # v\d+\.\d+\.\d+$/);
    }
  });

  it("uses only what this repository has", () => {
    for (const uses of usesOf(workflow)) {
      const place = ownPath(uses);
      if (place === undefined) continue;
      expect(uses.startsWith("$/") ? uses : "", "a self reference carries no ref").not.toContain("@");
      expect(existsSync(join(root, place, place.endsWith(".yml") ? "" : "action.yml")), uses).toBe(true);
    }
  });

  it("reads only outputs that the step's action has", () => {
    for (const { step } of stepsOf(workflow)) {
      const place = step.uses && ownPath(step.uses);
      if (place === undefined || !step.id) continue;
      const read = [...text.matchAll(new RegExp(`steps\\.${step.id}\\.outputs\\.([\\w-]+)`, "g"))].map(
        (match) => match[1],
      );
      expect(Object.keys(actionOf(place).outputs ?? {})).toEqual(expect.arrayContaining(read));
    }
  });

  it("puts no expression into a script", () => {
    for (const { step } of stepsOf(workflow)) {
      expect(step.run ?? "").not.toContain("${{");
      expect(String(step.with?.["script"] ?? "")).not.toContain("${{");
    }
  });

  it("grants nothing at the top that a job does not ask for itself", () => {
    expect(workflow.permissions).toEqual(path.endsWith("/ci.yml") ? { contents: "read" } : {});
    if (Object.keys(workflow.permissions ?? {}).length > 0) return;
    for (const [name, job] of Object.entries(workflow.jobs)) expect(job.permissions, name).toBeDefined();
  });

  it("ends every job of its own in time, before GitHub's six hours", () => {
    for (const [name, job] of Object.entries(workflow.jobs)) {
      if (!job.uses)
        expect(job["timeout-minutes"], name).toSatisfy((minutes) => Number(minutes) > 0 && Number(minutes) < 360);
    }
  });

  it("leaves no credentials of git behind", () => {
    for (const { step } of stepsOf(workflow))
      if (step.uses?.startsWith("actions/checkout@")) expect(step.with?.["persist-credentials"]).toBe(false);
  });

  it("names an image of the runner that does not change under it", () => {
    expect(text).not.toContain("ubuntu-latest");
  });
});

describe("artifacts", () => {
  it.each(reusable)("of %s have a name of their own, and survive a second attempt", (path) => {
    const uploads = stepsOf(workflowOf(path)).filter(({ step }) => step.uses?.startsWith("actions/upload-artifact@"));
    expect(uploads.length).toBeGreaterThan(0);
    const names = uploads.map(({ job, step }) => {
      const name = String(step.with?.["name"]);
      // The smoke test is one job for all environments.
      if (name === "eks-deploy-smoke") return name;
      expect(name).toMatch(/^eks-deploy-\$\{\{ (inputs|matrix)\.(environment|to) \}\}-/);
      expect(name.replaceAll(/\$\{\{.*?\}\}/g, "x"), "the job's name").toContain(`-x-${job}`);
      expect(step.with?.["overwrite"]).toBe(true);
      expect(step.with?.["if-no-files-found"]).toBe("error");
      return name;
    });
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("values between jobs", () => {
  it.each(reusable)("of %s are model keys, digests, flags and the few that the caller reads", (path) => {
    const workflow = workflowOf(path);
    const told = new Set(Object.keys(workflow.on.workflow_call?.outputs ?? {}));
    const safe = new Set(["transfer-images", "transfer-models", "plan-sha256", "reported", "changes", "unchanged"]);
    for (const [name, job] of Object.entries(workflow.jobs)) {
      for (const output of Object.keys(job.outputs ?? {}))
        expect(told.has(output) || safe.has(output), `${name}.${output}`).toBe(true);
      if (job.strategy) expect(job.outputs, "the last leg of a matrix wins").toBeUndefined();
    }
  });
});

describe("concurrency", () => {
  it.each([
    [".github/workflows/release.yml", "environment"],
    [".github/workflows/promote.yml", "to"],
  ])("of %s queues by target and never cancels", (path, target) => {
    expect(workflowOf(path).concurrency).toEqual({
      group: `eks-deploy-\${{ inputs.${target} }}`,
      "cancel-in-progress": false,
      queue: "max",
    });
  });
});

describe("approval", () => {
  it.each([
    [".github/workflows/release.yml", "deploy"],
    [".github/workflows/promote.yml", "promote"],
  ])("is asked once by %s: only the job %s has the reviewed environment", (path, reviewed) => {
    for (const [name, job] of Object.entries(workflowOf(path).jobs)) {
      const { name: environment, deployment } = job.environment as { name: string; deployment?: boolean };
      if (name === reviewed) expect(environment).toContain("inputs.github-environment ||");
      else expect([environment, deployment]).toEqual(["${{ inputs.unattended-environment }}", false]);
    }
  });
});

describe("secrets of the reusable workflows", () => {
  it.each(reusable)("reach the steps of %s by masked input or environment, and are all declared", (path) => {
    const workflow = workflowOf(path);
    const declared = Object.keys(workflow.on.workflow_call?.secrets ?? {});
    const read = [...textOf(path).matchAll(/secrets\.(\w+)/g)].map((match) => match[1]!);
    expect([...new Set(read)].sort()).toEqual([...declared].sort());
    for (const { step } of stepsOf(workflow)) {
      for (const [name, value] of Object.entries(step.with ?? {}))
        if (String(value).includes("secrets."))
          expect(["api-key", "s3-access-key-id", "s3-secret-access-key"]).toContain(name);
    }
  });
});
