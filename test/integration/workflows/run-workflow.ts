import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join, matchesGlob } from "node:path";
import { inject } from "vitest";
import { runStep, type StepResult, workspaceOf } from "../../../sandbox/runner/step.ts";
import { interpolate, runs, type Status } from "../../unit/workflows/expressions.ts";
import {
  type Job,
  type Step,
  type Workflow,
  type Call as WorkflowCall,
  workflowOf,
} from "../../unit/workflows/files.ts";
import { fakeGithub, runScript } from "../../unit/workflows/github-script.ts";

/** How a job ended, as `needs.<job>.result` has it. */
export type Result = "success" | "failure" | "skipped";

export interface Call {
  /** Empty folder for jobs and artifacts; artifacts stay for the next attempt, as GitHub keeps them. */
  readonly folder: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, string>>;
  /** What GitHub masks beside, because it stands in the repository's other secrets. */
  readonly masked?: readonly string[];
  readonly github?: Readonly<Record<string, unknown>>;
  /** What actions/checkout brings, by path. */
  readonly files: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** Inputs that stand for the network of the sandbox: where its hosts are, who signed their certificates. */
  readonly network: Readonly<Record<string, string>>;
  /** GitHub's REST calls, for scripts that make them. */
  readonly rest?: ReturnType<typeof fakeGithub>;
  /** What happens in the world before a job begins: while reviewers think, for example. */
  readonly before?: (job: string) => Promise<void>;
}

/** Users call our actions and workflows by this name. */
const repository = "poolside/eks-deploy";

export interface JobRun {
  /** `sync-checkpoints (laguna-m)` for a leg of a matrix. */
  readonly name: string;
  readonly result: Result;
  readonly steps: readonly StepResult[];
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Jobs of the workflow that it called. */
  readonly called?: readonly JobRun[];
}

export interface WorkflowRun {
  readonly jobs: readonly JobRun[];
  result(job: string): Result;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/**
 * Runs a workflow with our own actions on the sandbox: conditions, matrices, calls, outputs and artifacts as GitHub has them. Checkout, the two
 * artifact actions and github-script are acted out.
 */
export async function runWorkflow(workflow: Workflow, call: Call): Promise<WorkflowRun> {
  const given = (workflow.on.workflow_call ?? workflow.on["workflow_dispatch"] ?? {}) as WorkflowCall;
  const defaults = Object.fromEntries(
    Object.entries(given.inputs ?? {}).map(([name, input]) => [name, input.default ?? ""]),
  );
  const secrets = Object.fromEntries(Object.keys(workflow.on.workflow_call?.secrets ?? {}).map((name) => [name, ""]));
  const context = {
    github: call.github ?? {},
    inputs: { ...defaults, ...call.inputs },
    secrets: { ...secrets, ...call.secrets },
  };
  const ended = new Map<string, { readonly result: Result; readonly outputs: Readonly<Record<string, unknown>> }>();
  const jobs: JobRun[] = [];
  for (const [name, job] of Object.entries(workflow.jobs)) {
    const needed = [job.needs ?? []].flat();
    const needs = Object.fromEntries(needed.map((need) => [need, ended.get(need)!]));
    const status: Status = needed.some((need) => ended.get(need)!.result === "failure") ? "failure" : "success";
    const before = { ...context, needs };
    const skippedBefore = needed.some((need) => ended.get(need)!.result === "skipped");
    // Without a status function a job also waits for jobs that were not skipped.
    const told = /(success|failure|cancelled|always)\(\)/.test(job.if ?? "");
    if ((skippedBefore && !told) || !runs(job.if, before, status)) {
      ended.set(name, { result: "skipped", outputs: {} });
      continue;
    }
    await call.before?.(name);
    const legs: JobRun[] = [];
    for (const leg of legsOf(job, before)) legs.push(await runJob(name, job, { ...before, matrix: leg }, call));
    jobs.push(...legs.flatMap((leg) => leg.called ?? leg));
    const result = legs.some((one) => one.result === "failure") ? "failure" : "success";
    ended.set(name, { result, outputs: legs.at(-1)!.outputs });
  }
  const told = Object.entries(workflow.on.workflow_call?.outputs ?? {});
  const results = { jobs: Object.fromEntries(ended) };
  return {
    jobs,
    result: (name) => ended.get(name)!.result,
    outputs: Object.fromEntries(told.map(([name, { value }]) => [name, interpolate(value, results)])),
  };
}

type Context = Readonly<Record<string, unknown>>;

function legsOf(job: Job, context: Context): readonly Readonly<Record<string, unknown>>[] {
  const [entry] = Object.entries(job.strategy?.matrix ?? {});
  if (!entry) return [{}];
  const values = interpolate(entry[1], context) as readonly unknown[];
  if (values.length === 0) throw new Error("GitHub refuses an empty matrix");
  return values.map((value) => ({ [entry[0]]: value }));
}

async function runJob(
  name: string,
  job: Job,
  context: Context & { readonly matrix: object },
  call: Call,
): Promise<JobRun> {
  const leg = Object.values(context.matrix).join(", ");
  if (job.uses) return callWorkflow(leg ? `${name} (${leg})` : name, job, context, call);
  const folder = join(call.folder, "jobs", `${name}${leg && `-${leg}`}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(workspaceOf(folder), { recursive: true });
  const steps: Record<string, { outputs: Readonly<Record<string, string>> }> = {};
  const ran: StepResult[] = [];
  let status: Status = "success";
  for (const step of job.steps ?? []) {
    const now = { ...context, steps, env: job.env ?? {}, runner: { temp: join(folder, "temp") } };
    if (!runs(step.if, now, status)) continue;
    const result = await runAnyStep(step, now, folder, call);
    if (!result) continue;
    ran.push(result);
    if (step.id) steps[step.id] = { outputs: result.outputs };
    if (result.status !== 0) status = "failure";
  }
  const outputs = Object.entries(job.outputs ?? {}).map(
    ([key, value]) => [key, interpolate(value, { ...context, steps })] as const,
  );
  return {
    name: leg ? `${name} (${leg})` : name,
    result: status === "success" ? "success" : "failure",
    steps: ran,
    outputs: Object.fromEntries(outputs.map(([key, value]) => [key, crossing(value, ran, call)])),
  };
}

/** An output of a job as the next job sees it: GitHub drops what contains a secret or a masked value. */
function crossing(value: unknown, steps: readonly StepResult[], { secrets, masked = [] }: Call): string {
  const masks = steps.flatMap(({ raw }) => [...raw.matchAll(/^::add-mask::(.+)$/gm)].map(([, mask]) => mask!));
  const text = value === null ? "" : String(value);
  return [...Object.values(secrets), ...masked, ...masks].some((secret) => secret !== "" && text.includes(secret))
    ? ""
    : text;
}

/** A job that calls one of our workflows; the jobs of that stand for it, under its name. */
async function callWorkflow(name: string, job: Job, context: Context, call: Call): Promise<JobRun> {
  const { github: _, ...own } = { ...call, inputs: values(job.with, context), secrets: texts(job.secrets, context) };
  const path = job.uses!.split("@")[0]!.replace(`${repository}/`, "");
  const run = await runWorkflow(workflowOf(path), {
    ...own,
    github: call.github ?? {},
    folder: join(call.folder, name),
  });
  return {
    name,
    result: run.jobs.some(({ result }) => result === "failure") ? "failure" : "success",
    steps: [],
    outputs: run.outputs,
    called: run.jobs.map((one) => ({ ...one, name: `${name} / ${one.name}` })),
  };
}

function values(given: Job["with"], context: Context): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(given ?? {}).map(([name, value]) => [name, interpolate(value, context)]));
}

function texts(given: unknown, context: Context): Readonly<Record<string, string>> {
  const all = Object.entries(values(given as Job["with"], context));
  return Object.fromEntries(all.map(([name, value]) => [name, String(value ?? "")]));
}

async function runAnyStep(step: Step, context: Context, folder: string, call: Call): Promise<StepResult | undefined> {
  const inputs = texts(step.with, context);
  const env = texts({ ...(context["env"] as object), ...step.env }, context);
  const [uses = ""] = (step.uses ?? "").split("@");
  const artifacts = join(call.folder, "artifacts");
  if (uses.startsWith("$/actions/"))
    return runAction(uses.slice("$/actions/".length), { ...call.network, ...inputs }, env, folder, call);
  if (uses === repository) return runAction("release", { ...call.network, ...inputs }, env, folder, call);
  if (uses === "actions/github-script") await runScript(inputs["script"]!, call.rest ?? fakeGithub(), env);
  else if (uses === "actions/checkout") checkOut(folder, call);
  else if (uses === "actions/upload-artifact") upload(inputs, artifacts);
  else if (uses === "actions/download-artifact") download(inputs, artifacts);
  else if (step.run !== undefined && step.shell === "bash") return runShell(step.run, env, folder, call);
  else throw new Error(`nobody acts out ${step.uses ?? step.run}`);
  return undefined;
}

/** A step with `shell: bash`, with GitHub's options. */
function runShell(
  text: string,
  env: Readonly<Record<string, string>>,
  folder: string,
  call: Call,
): Promise<StepResult> {
  const script = join(call.folder, "step.sh");
  writeFileSync(script, text);
  const program = ["bash", "--noprofile", "--norc", "-eo", "pipefail"] as const;
  return runStep({ program, script, inputs: {}, env: { ...call.env, ...env }, job: folder });
}

/** The action from its sources: dist/ may be older. */
async function runAction(
  name: string,
  inputs: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
  folder: string,
  call: Call,
): Promise<StepResult> {
  const script = join(call.folder, `${name}.mjs`);
  writeFileSync(
    script,
    `import { main } from ${JSON.stringify(inject("bundles").main)};\nawait main(${JSON.stringify(name)});\n`,
  );
  return runStep({ script, inputs, env: { ...call.env, ...env }, job: folder });
}

function checkOut(folder: string, call: Call): void {
  for (const [path, content] of Object.entries(call.files)) writeFileSync(join(workspaceOf(folder), path), content);
}

function upload(inputs: Readonly<Record<string, string>>, artifacts: string): void {
  const place = join(artifacts, inputs["name"]!);
  if (inputs["overwrite"] !== "true" && existsSync(place))
    throw new Error(`409: the artifact ${inputs["name"]} exists`);
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  const paths = inputs["path"]!.split("\n").filter((path) => existsSync(path.trim()));
  if (paths.length === 0) throw new Error(`nothing to upload at ${inputs["path"]}`);
  for (const path of paths)
    cpSync(path, statSync(path).isDirectory() ? place : join(place, basename(path)), { recursive: true });
}

function download(inputs: Readonly<Record<string, string>>, artifacts: string): void {
  for (const name of existsSync(artifacts) ? readdirSync(artifacts) : []) {
    if (inputs["pattern"] ? matchesGlob(name, inputs["pattern"]) : name === inputs["name"])
      cpSync(join(artifacts, name), inputs["pattern"] ? join(inputs["path"]!, name) : inputs["path"]!, {
        recursive: true,
      });
  }
}
