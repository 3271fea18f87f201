import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type Call, exampleFiles, type Job, stepsOf, textOf, type Workflow, workflowOf } from "./files.ts";

const own = "poolside/eks-deploy";

/** The reusable workflow that a job calls, where it is one of ours. */
function called(job: Job): Workflow | undefined {
  const [path = ""] = (job.uses ?? "").split("@");
  return path.startsWith(`${own}/`) ? workflowOf(path.slice(own.length + 1)) : undefined;
}

function callOf(workflow: Workflow): Call {
  return workflow.on.workflow_call ?? {};
}

/** Every permission that any job of a workflow asks for. */
function asked(workflow: Workflow): Readonly<Record<string, string>> {
  return Object.assign({}, ...Object.values(workflow.jobs).map((job) => job.permissions ?? {})) as Record<
    string,
    string
  >;
}

function actionInputs(uses: string): readonly string[] | undefined {
  const [path = "", ref] = uses.split("@");
  if (!ref || (path !== own && !path.startsWith(`${own}/`))) return undefined;
  const action = parse(textOf(join(path.slice(own.length + 1), "action.yml"))) as { inputs: Record<string, unknown> };
  return Object.keys(action.inputs);
}

describe.each(exampleFiles)("%s", (path) => {
  const workflow = workflowOf(path);
  const jobs = Object.entries(workflow.jobs);

  it("says in its first lines what it is for", () => {
    expect(textOf(path)).toMatch(/^# [A-Z].*[.]\n/s);
  });

  it("calls our workflows with inputs and secrets that they have, and all that they require", () => {
    for (const [name, job] of jobs) {
      const target = called(job);
      if (!target) continue;
      const { inputs = {}, secrets = {} } = callOf(target);
      expect(Object.keys(inputs), name).toEqual(expect.arrayContaining(Object.keys(job.with ?? {})));
      const required = Object.keys(inputs).filter((input) => inputs[input]?.required);
      expect(Object.keys(job.with ?? {}), name).toEqual(expect.arrayContaining(required));
      expect(Object.keys(secrets), name).toEqual(expect.arrayContaining(Object.keys(job.secrets ?? {})));
    }
  });

  it("grants each job what it asks for, and nothing more", () => {
    expect(workflow.permissions).toEqual({});
    for (const [name, job] of jobs) {
      const target = called(job);
      if (target) expect(job.permissions, name).toEqual(asked(target));
      else if (stepsOf(workflow).some(({ job: of, step }) => of === name && step.uses?.startsWith(`${own}@`)))
        expect(job.permissions, name).toEqual({ contents: "read", "id-token": "write" });
      else expect(Object.keys(job.permissions ?? {}), name).not.toContain("id-token");
    }
  });

  it("gives the jobs that nobody approves an environment, for roles to trust", () => {
    for (const [name, job] of jobs) if (called(job)) expect(job.with?.["unattended-environment"], name).toBeTruthy();
  });

  it("gives our actions inputs that they have", () => {
    for (const { step } of stepsOf(workflow)) {
      const known = step.uses ? actionInputs(step.uses) : undefined;
      if (known) expect(known).toEqual(expect.arrayContaining(Object.keys(step.with ?? {})));
    }
  });

  it("queues by environment where it deploys by itself, and leaves that to the workflow where it calls one", () => {
    const calls = jobs.some(([, job]) => called(job));
    // A caller in the group of the workflow that it calls would wait for itself.
    if (calls) expect(workflow.concurrency?.group ?? "").not.toContain("eks-deploy");
    else expect(workflow.concurrency).toMatchObject({ "cancel-in-progress": false, queue: "max" });
  });

  it("stays short", () => {
    expect(textOf(path).split("\n").length).toBeLessThanOrEqual(50);
  });
});
