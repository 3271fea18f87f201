import type { Outcome, Report } from "../action/action.ts";
import type { Context } from "../action/context.ts";
import { type Contract, InputProblem, type Inputs } from "../action/contract.ts";
import type { InputSources } from "../action/load.ts";
import { asTextMap } from "../action/structured.ts";
import { asEksDeployError, type EksDeployError, UserError } from "../errors.ts";
import { loadSpec } from "../spec/load.ts";
import { outputsOf } from "./chain.ts";
import type { AnyCommand, Command, Ended, ReleaseRun, RootInputs } from "./command.ts";

/** The test of one environment: what it has come to, and why it went no further. */
interface Part {
  readonly environment: string;
  readonly inputs: Inputs<Contract>;
  readonly command: AnyCommand;
  clients?: unknown;
  observed?: ReleaseRun;
  plan?: ReturnType<AnyCommand["plan"]>;
  outcome?: Outcome;
  failure?: EksDeployError;
}

/**
 * `smoke` with `environments`: the test of each environment, one after the other, so that their timings do not disturb each other. What fails in one
 * is told after all were tested. `api-key` may be a map by environment.
 */
export function smokeEnvironments(
  environments: readonly string[],
  make: () => AnyCommand,
): Command<readonly Part[], readonly Part[], readonly Part[], void> {
  return {
    async connect(inputs, ctx, sources) {
      const parts: Part[] = [];
      for (const environment of environments) {
        const part: Part = { environment, inputs: { ...inputs, environment }, command: make() };
        parts.push(part);
        await attempt(part, async () => {
          const own = await sourcesOf(environment, environments, sources, ctx);
          part.clients = await part.command.connect(part.inputs, labelled(ctx, environment), own);
        });
      }
      return parts;
    },
    async observe(inputs, parts, ctx) {
      await eachOf(parts, async (part) => {
        part.observed = await part.command.observe(part.inputs, part.clients, {
          ...labelled(ctx, part.environment),
          upcoming: [],
        });
        part.plan = part.command.plan(part.inputs, part.observed);
      });
      // A dry run ends with the plan: what would fail is told now.
      if ((inputs as unknown as RootInputs).dryRun) refuseFailed(parts);
      return parts;
    },
    plan: (_inputs, parts) => ({
      changes: parts.flatMap(({ plan }) => plan?.changes ?? []),
      endState: Object.fromEntries(parts.map(({ environment, plan }) => [environment, plan?.endState ?? null])),
      outputs: {},
      work: parts,
    }),
    apply: async () => undefined,
    async verify({ work }, _applied, _clients, ctx) {
      await eachOf(work, async (part) => {
        const own = labelled(ctx, part.environment);
        const verdict = await part.command.verify(part.plan!, undefined, part.clients, own);
        part.outcome = verdict.outcome ?? "done";
        if (verdict.failure) part.failure = verdict.failure;
      });
      const skipped = work.every(({ outcome }) => outcome === "skipped");
      return { outputs: told(work), ...(skipped ? { outcome: "skipped" } : {}), failure: failureOf(work) };
    },
    report: (finished, parts, ctx) => reportOf(finished as Ended, parts ?? [], ctx),
    async close(parts, ctx) {
      for (const { command, clients } of parts) if (clients !== undefined) await command.close?.(clients, ctx);
    },
  };
}

/** Runs `body` for every environment that has not failed yet. */
async function eachOf(parts: readonly Part[], body: (part: Part) => Promise<void>): Promise<void> {
  for (const part of parts) if (!part.failure) await attempt(part, () => body(part));
}

/** A failure is the environment's own; a cancel is everybody's. */
async function attempt(part: Part, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (thrown) {
    part.failure = asEksDeployError(thrown);
    part.outcome = "failed";
    if (part.failure.code === "CANCELLED") throw thrown;
  }
}

/** The spec of the environment, and its key where `api-key` is a map. Reports are of one environment only, so they are left out. */
async function sourcesOf(
  environment: string,
  environments: readonly string[],
  sources: InputSources,
  ctx: Context,
): Promise<InputSources> {
  const spec = await loadSpec(sources.input("spec"), environment, ctx);
  const keys = keysIn(sources.input("api-key"), environments);
  for (const key of Object.values(keys ?? {})) ctx.mask(key);
  const own: Readonly<Record<string, string | undefined>> = {
    environment,
    ...(keys ? { "api-key": keys[environment] } : {}),
  };
  return {
    ...sources,
    input: (name) => (name in own ? own[name] : sources.input(name)),
    report: () => undefined,
    spec: (path) => spec?.find(path),
  };
}

/** Keys by environment; undefined where the text is one key for all. */
function keysIn(
  text: string | undefined,
  environments: readonly string[],
): Readonly<Record<string, string>> | undefined {
  if (!text) return undefined;
  try {
    const keys = asTextMap(text);
    return Object.keys(keys).some((key) => environments.includes(key)) ? keys : undefined;
  } catch (thrown) {
    if (thrown instanceof InputProblem) return undefined;
    throw thrown;
  }
}

/** Lines and phases tell whose they are. */
function labelled(ctx: Context, environment: string): Context {
  return {
    ...ctx,
    log: { ...ctx.log, info: (line) => ctx.log.info(`${environment}: ${line}`), group: (_, body) => body() },
    emit: (event) =>
      ctx.emit(event.kind === "phase" ? { ...event, subject: `${environment}: ${event.subject}` } : event),
  };
}

/** `passed` is that of all: one environment that was skipped leaves it open, unless another failed. Results are by environment, then by model. */
function told(parts: readonly Part[]): Readonly<Record<string, unknown>> {
  const failed = parts.some(({ failure }) => failure);
  const skipped = parts.some(({ outcome }) => outcome === "skipped");
  return {
    passed: failed ? false : skipped ? undefined : true,
    results: Object.fromEntries(parts.map((part) => [part.environment, outputsOfPart(part)["results"] ?? {}])),
  };
}

function outputsOfPart({ observed }: Part): Readonly<Record<string, unknown>> {
  return observed ? outputsOf(observed.joined) : {};
}

function refuseFailed(parts: readonly Part[]): void {
  const failure = failureOf(parts);
  if (failure) throw failure;
}

function failureOf(parts: readonly Part[]): EksDeployError | undefined {
  const failed = parts.filter(({ failure }) => failure);
  const [first] = failed;
  if (!first) return undefined;
  return new UserError(first.failure!.code, {
    happened: failed.map(({ environment, failure }) => `${environment}: ${failure!.happened}`).join("\n"),
    next: [...new Set(failed.map(({ failure }) => failure!.next))].join("\n"),
    known: failed.every(({ failure }) => failure!.known),
    cause: first.failure,
  });
}

/** Each environment reports for itself, and keeps its own result in its own records. */
async function reportOf(finished: Ended, parts: readonly Part[], ctx: Context): Promise<Report> {
  const reports: { readonly part: Part; readonly report: Report }[] = [];
  for (const part of parts) {
    const ended = {
      ...finished,
      inputs: part.inputs,
      outcome: part.outcome ?? finished.outcome,
      observed: part.observed,
      plan: part.plan,
      outputs: outputsOfPart(part),
      failure: part.failure,
    };
    const report = (await part.command.report(ended as never, part.clients, labelled(ctx, part.environment))) as Report;
    reports.push({ part, report });
  }
  const failed = reports.filter(({ part }) => part.failure);
  const [worst] = failed.length > 0 ? failed : reports;
  const headline =
    failed.length > 0
      ? `${failed.map(({ part }) => part.environment).join(", ")}: ${worst!.report.headline}`
      : reports.map(({ report }) => report.headline).join(" ");
  return {
    headline,
    blocks: reports.map(({ part, report }) => ({
      kind: "details",
      title: `${part.environment}: ${report.headline}`,
      open: part.failure !== undefined,
      blocks: report.blocks,
    })),
    outputs: told(parts),
  };
}
