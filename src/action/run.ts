import { join, resolve } from "node:path";
import { canonicalJson, digestOf, type Json } from "../canonical.ts";
import { asEksDeployError, type EksDeployError, UserError } from "../errors.ts";
import { defaultSpecFile, loadSpec } from "../spec/load.ts";
import type { Action, AnyAction, Finished, Outcome, Report } from "./action.ts";
import type { Context, Event } from "./context.ts";
import { type Contract, kebab } from "./contract.ts";
import { changeLine, count } from "./describe.ts";
import { type InputSources, loadInputs } from "./load.ts";
import { outputText } from "./outputs.ts";
import { type Plan, planDigest } from "./plan.ts";
import { type ReportFile, readReports, writeReport } from "./reports.ts";
import type { Runner } from "./runner.ts";
import { Timeline, timelineBlock } from "./timeline.ts";

/** What has been reached so far; everything is optional, because a run can end anywhere. */
interface Run {
  inputs?: CommonValues;
  clients?: unknown;
  observed?: unknown;
  plan?: Plan<unknown, Record<string, unknown>>;
  applied?: unknown;
  wrote: boolean;
  outputs: Record<string, unknown>;
  outcome: Outcome;
  failure?: EksDeployError;
}

/** The common inputs that this function itself acts on. */
interface CommonValues {
  readonly dryRun: boolean;
  readonly approvedPlan: string | undefined;
  readonly failOnChanges: boolean;
  readonly environment: string | undefined;
}

/**
 * Runs any action from its raw inputs to its report: the one place where a dry run stops, an approval is compared, outputs and summary are
 * written and an action ends. Never throws; a failure is told through `runner.fail`.
 */
export async function runAction<C extends Contract>(
  action: Action<C, never, never, never, never> | AnyAction,
  runner: Runner,
): Promise<Outcome> {
  const any = action as AnyAction;
  const started = runner.context.clock.now();
  const timeline = new Timeline(() => runner.context.clock.now() - started);
  const ctx = recording(runner.context, timeline);
  const run: Run = { wrote: false, outputs: {}, outcome: "done" };
  try {
    await steps(any, run, runner, ctx);
  } catch (thrown) {
    run.failure = asEksDeployError(thrown);
    run.outcome = ctx.signal.aborted || run.failure.code === "CANCELLED" ? "cancelled" : "failed";
  }
  const afterwards = { ...ctx, signal: runner.grace };
  if (run.failure && run.wrote) await recover(any, run, afterwards);
  await conclude(any, run, runner, afterwards, started, timeline);
  return run.outcome;
}

async function steps(action: AnyAction, run: Run, runner: Runner, ctx: Context): Promise<void> {
  const sources = await openSources(runner, ctx);
  const { inputs, findings } = loadInputs(action.contract, sources);
  run.inputs = inputs as unknown as CommonValues;
  for (const finding of findings) ctx.log.finding(finding);
  const plan = await ctx.log.group("Observe and plan", async () => {
    run.clients = await action.connect(inputs, ctx, sources);
    run.observed = await action.observe(inputs, run.clients, { ...ctx, upcoming: [] });
    const made = action.plan(inputs, run.observed) as Plan<unknown, Record<string, unknown>>;
    run.plan = made;
    Object.assign(run.outputs, made.outputs);
    tellPlan(made, ctx);
    return made;
  });
  approve(plan, run.inputs);
  if (run.inputs.dryRun) return;
  if (plan.changes.length > 0) {
    run.wrote = true;
    run.applied = await ctx.log.group("Apply", () => action.apply(plan, run.clients, ctx));
  }
  const verdict = await ctx.log.group("Verify", () => action.verify(plan, run.applied, run.clients, ctx));
  Object.assign(run.outputs, verdict.outputs);
  if (verdict.outcome) run.outcome = verdict.outcome;
  if (verdict.failure) throw verdict.failure;
}

/** Spec, reports and raw inputs, in the form that the loader takes. Secrets are masked before anything else happens. */
export async function openSources(runner: Runner, ctx: Context): Promise<InputSources> {
  const environment = runner.input("environment");
  const spec = await loadSpec(runner.input("spec"), environment, ctx);
  // Most often the repository was not checked out; what is then missing first is a riddle.
  if (!spec && environment)
    ctx.log.info(
      `There is no ${defaultSpecFile} in ${ctx.ambient.workspace}: environment ${environment} is only a name, and everything else must come from inputs`,
    );
  const folder = runner.input("reports");
  const reports = folder ? await readReports(resolve(ctx.ambient.workspace, folder)) : new Map();
  return {
    input: (name) => runner.input(name),
    given: runner.given,
    report: (reference) => reports.get(reference),
    spec: (path) => spec?.find(path),
    ambient: ctx.ambient,
  };
}

function recording(ctx: Context, timeline: Timeline): Context {
  return {
    ...ctx,
    emit(event: Event) {
      timeline.take(event);
      ctx.emit(event);
    },
  };
}

/** What only reads has no end state, and no plan to tell. */
function tellPlan(plan: Plan<unknown, unknown>, ctx: Context): void {
  if (plan.changes.length === 0 && canonicalJson(plan.endState) === "{}") return;
  for (const change of plan.changes) ctx.log.info(changeLine(change));
  ctx.log.info(
    `${plan.changes.length === 0 ? "Nothing to change" : count(plan.changes.length, "change")}; plan-sha256 ${planDigest(plan)}`,
  );
}

function approve(plan: Plan<unknown, unknown>, inputs: CommonValues): void {
  const approvals = [planDigest(plan), ...(plan.unreadState === undefined ? [] : [digestOf(plan.unreadState)])];
  if (inputs.approvedPlan && !approvals.includes(inputs.approvedPlan)) {
    throw new UserError("PLAN_DIFFERS", {
      happened: `The end state would be ${planDigest(plan)}; approved is ${inputs.approvedPlan}. Nothing was written.`,
      next: "Compare the planned end state (output plan) with the approved one, then approve the new plan-sha256.",
    });
  }
  if (inputs.failOnChanges && plan.changes.length > 0) {
    throw new UserError("CHANGES_PLANNED", {
      happened: `${count(plan.changes.length, "change")} would be needed, and fail-on-changes is true: ${plan.changes.map((change) => `${change.verb} ${change.kind} ${change.name}`).join("; ")}.`,
      next: "Release again, or undo what was changed by hand.",
    });
  }
}

async function recover(action: AnyAction, run: Run, ctx: Context): Promise<void> {
  if (!action.recover || !run.failure) return;
  try {
    const told = await ctx.log.group("Recover", () => action.recover!(run.failure!, run.plan!, run.clients, ctx));
    Object.assign(run.outputs, told);
  } catch (thrown) {
    const second = asEksDeployError(thrown);
    ctx.log.finding({
      code: second.code,
      level: "error",
      happened: `Recovering failed too: ${second.happened}`,
      next: second.next,
    });
  }
}

async function conclude(
  action: AnyAction,
  run: Run,
  runner: Runner,
  ctx: Context,
  started: number,
  timeline: Timeline,
): Promise<void> {
  const seconds = (ctx.clock.now() - started) / 1_000;
  const spans = timeline.finish();
  const report = await reportOf(action, run, ctx, seconds);
  Object.assign(run.outputs, report.outputs);
  try {
    await writeOutputs(action.contract, run, report, runner, started, seconds);
    await runner.conclude({
      action: action.contract.name,
      outcome: run.outcome,
      dryRun: run.inputs?.dryRun ?? false,
      headline: report.headline,
      failure: run.failure,
      changes: run.plan?.changes,
      blocks: [...report.blocks, ...timelineBlock(spans)],
    });
  } catch (thrown) {
    failed(run, thrown);
  }
  if (run.clients !== undefined)
    await action.close?.(run.clients, ctx).catch((thrown: unknown) => ctx.log.debug(`closing: ${String(thrown)}`));
  if (run.failure) tellFailure(run.failure, runner);
}

/** What the action itself has to say; where even that fails, the failure says it. */
async function reportOf(action: AnyAction, run: Run, ctx: Context, seconds: number): Promise<Report> {
  try {
    if (run.inputs) {
      const finished = { ...run, dryRun: run.inputs.dryRun, seconds };
      return await action.report(
        finished as unknown as Finished<Contract, unknown, unknown, unknown>,
        run.clients,
        ctx,
      );
    }
  } catch (thrown) {
    failed(run, thrown);
  }
  const { name } = action.contract;
  const happened = run.failure?.happened.split("\n")[0] ?? "failed";
  return { headline: happened.startsWith(`${name}:`) ? happened : `${name}: ${happened}`, blocks: [] };
}

/** The first failure is the one to tell. */
function failed(run: Run, thrown: unknown): void {
  run.failure ??= asEksDeployError(thrown);
  if (run.outcome !== "cancelled") run.outcome = "failed";
}

async function writeOutputs(
  contract: Contract,
  run: Run,
  report: Report,
  runner: Runner,
  started: number,
  seconds: number,
): Promise<void> {
  const outputs: Record<string, unknown> = {
    ...run.outputs,
    headline: report.headline,
    changed: run.wrote,
    changes: run.plan?.changes.length ?? 0,
    planSha256: run.plan ? planDigest(run.plan) : undefined,
  };
  const named = Object.fromEntries(Object.entries(outputs).map(([name, value]) => [kebab(name), value]));
  const folder = join(runner.context.ambient.temp, "eks-deploy", contract.name);
  const clean = <T>(value: T): T => masked(value, runner);
  const paths = await writeReport(
    folder,
    clean({
      version: 1,
      action: contract.name,
      environment: run.inputs?.environment,
      outcome: run.outcome,
      ...(run.inputs?.dryRun ? { dryRun: true } : {}),
      headline: report.headline,
      startedAt: new Date(started).toISOString(),
      seconds,
      planSha256: run.plan ? planDigest(run.plan) : undefined,
      changes: run.plan?.changes ?? [],
      outputs: named as ReportFile["outputs"],
      failure: run.failure && { code: run.failure.code, happened: run.failure.happened, next: run.failure.next },
    }),
    clean({
      planSha256: run.plan ? planDigest(run.plan) : null,
      changes: (run.plan?.changes ?? []) as unknown as Json,
      endState: run.plan?.endState ?? null,
    }),
  );
  for (const name of Object.keys(contract.outputs)) runner.setOutput(name, outputText({ ...named, ...paths }[name]));
}

/** Data for a file: text in it may be a service's own words, so masks hold there too. */
function masked<T>(value: T, runner: Runner): T {
  return JSON.parse(
    JSON.stringify(value, (_, item: unknown) => (typeof item === "string" ? runner.masked(item) : item)),
  ) as T;
}

/** Each problem on its line of the user's file; the failure itself does not repeat what was told there. */
function tellFailure(failure: EksDeployError, runner: Runner): void {
  const { code, happened, next, problems } = failure;
  const placed = problems.filter((problem) => problem.at);
  if (problems.length <= 1) {
    runner.fail(code, `${happened}\n${next}`, failure.at ?? placed[0]?.at, failure.known);
    return;
  }
  for (const problem of placed)
    runner.context.log.finding({
      code,
      level: "error",
      happened: problem.happened,
      next: problem.next ?? next,
      at: problem.at,
    });
  const told = placed.length === problems.length ? happened.split("\n")[0] : happened;
  runner.fail(code, `${told}\n${next}`);
}

/** The post step: settles what a killed or cancelled main left behind. Never throws. */
export async function settleAction(action: AnyAction, runner: Runner): Promise<void> {
  if (!action.settle) return;
  const { context } = runner;
  try {
    await context.log.group("Settle what the interrupted run left", () => action.settle!(runner.remembered, context));
  } catch (thrown) {
    const failure = asEksDeployError(thrown);
    context.log.finding({ code: failure.code, level: "warning", happened: failure.happened, next: failure.next });
  }
}
