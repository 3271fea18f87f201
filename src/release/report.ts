import type { Outcome, Report } from "../action/action.ts";
import type { Context } from "../action/context.ts";
import type { Contract, Inputs } from "../action/contract.ts";
import { count } from "../action/describe.ts";
import type { Block } from "../action/summary.ts";
import { type Joined, outputsOf } from "./chain.ts";
import type { Ended } from "./command.ts";
import type { Published } from "./publish.ts";

/** What a command calls itself, for headlines: complete sentences. */
export interface Words {
  /** `Release`, `Promotion`: begins the sentence of a failure or a cancel. */
  readonly noun: string;
  /** Of a dry run. */
  readonly planned: (name: string, changes: number) => string;
  readonly unchanged: (name: string, models: string) => string;
  readonly done: (name: string, models: string, revision: string) => string;
}

export const releaseWords: Words = {
  noun: "Release",
  planned: (name, changes) =>
    changes === 0 ? `${name} is up to date.` : `${name} would be released with ${count(changes, "change")}.`,
  unchanged: (name, models) => `${name} is up to date, and its ${models}.`,
  done: (name, models, revision) => `Released ${models} as ${name}, revision ${revision}: proven.`,
};

export const smokeWords: Words = {
  ...releaseWords,
  noun: "Smoke test",
  planned: (name) => `${name} would be tested.`,
  unchanged: (name) => `${name}: smoke test passed.`,
};

/** What a person reads after a release: a table of the steps, what each has to say, and where the models answer. */
export async function releaseReport(
  finished: Ended,
  chain: readonly Joined[],
  record: Published | undefined,
  words: Words | undefined,
  own: readonly Block[],
  ctx: Context,
): Promise<Report> {
  const told = await Promise.all(
    chain.map(async (joined) => ({
      joined,
      outcome: outcomeOf(joined, finished),
      report: await reportOf(joined, finished, ctx),
    })),
  );
  const blocks: Block[] = [
    {
      kind: "table",
      head: ["step", "", "what happened"],
      rows: told.map(({ joined, outcome, report }) => [joined.name, marks[outcome], report.headline]),
    },
    ...own,
    ...modelBlocks(finished.outputs),
    ...told
      .filter(({ report }) => report.blocks.length > 0)
      .map(({ joined, report }) => ({ kind: "details", title: joined.name, blocks: report.blocks }) as const),
  ];
  if (record) blocks.push({ kind: "text", text: `Release record: \`${record.uri}\`` });
  return {
    headline: headline(finished, words ?? releaseWords, told.find(({ joined }) => joined.failure)?.report.headline),
    blocks,
    outputs: {
      ...outputsOf(chain),
      ...(record ? { record: record.path, recordUri: record.uri, recordSha256: record.sha256 } : {}),
    },
  };
}

type StepOutcome = Outcome | "planned" | "not reached";

const marks: Readonly<Record<StepOutcome, string>> = {
  done: "✅",
  failed: "❌",
  cancelled: "⏹️",
  superseded: "⏭️",
  skipped: "⏸️",
  planned: "📝",
  "not reached": "–",
};

function outcomeOf(joined: Joined, finished: Ended): StepOutcome {
  if (joined.failure) return finished.outcome === "cancelled" ? "cancelled" : "failed";
  if (joined.verdict) return joined.verdict.outcome ?? "done";
  return finished.dryRun ? "planned" : "not reached";
}

async function reportOf(joined: Joined, finished: Ended, ctx: Context): Promise<Report> {
  if (joined.inputs === undefined)
    return { headline: finished.dryRun ? "planned as soon as its input is known" : "not reached", blocks: [] };
  const outcome = outcomeOf(joined, finished);
  if (outcome === "not reached") return { headline: "not reached", blocks: [] };
  return joined.link.action.report(
    {
      outcome: outcome === "planned" ? "done" : outcome,
      dryRun: finished.dryRun,
      inputs: joined.inputs as Inputs<Contract>,
      observed: joined.observed,
      plan: joined.plan,
      applied: joined.applied,
      outputs: { ...joined.plan.outputs, ...joined.verdict?.outputs },
      failure: joined.failure,
      seconds: joined.seconds,
    },
    joined.clients,
    ctx,
  );
}

function headline(finished: Ended, words: Words, failed: string | undefined): string {
  const inputs = finished.inputs as { release?: string; environment?: string };
  const name = `${inputs.release ?? "inference"}${inputs.environment ? ` (${inputs.environment})` : ""}`;
  const changes = finished.plan?.changes.length ?? 0;
  const { outcome, failure } = finished;
  if (outcome === "cancelled") return `${words.noun} of ${name} was cancelled; running it again continues.`;
  if (failure) return failed ?? `${words.noun} of ${name} failed: ${failure.happened.split("\n")[0]}`;
  if (outcome === "superseded") return `${words.noun} of ${name} ended early: a newer revision took its place.`;
  if (outcome === "skipped") return `${words.noun} of ${name} was not proven: another run is releasing it.`;
  if (finished.dryRun) return words.planned(name, changes);
  const outputs = finished.outputs as { revision?: number; renderedModels?: readonly unknown[] } | undefined;
  const number = outputs?.renderedModels?.length ?? 0;
  const models = count(number, "model");
  if (changes === 0) return words.unchanged(name, `${models} ${number === 1 ? "answers" : "answer"}`);
  return words.done(name, models, String(outputs?.revision ?? "?"));
}

interface RenderedModel {
  readonly key: string;
  readonly url: string;
  readonly modelName: string;
  readonly modelType: string;
}

/** Base URL of each model, and one line to ask it. */
function modelBlocks(outputs: unknown): readonly Block[] {
  const models = (outputs as { renderedModels?: readonly RenderedModel[] } | undefined)?.renderedModels;
  if (!Array.isArray(models) || models.length === 0) return [];
  const curls = (models as readonly RenderedModel[]).map((model) => {
    const chat = model.modelType !== "completion";
    const body = chat
      ? `{"model": "${model.modelName}", "messages": [{"role": "user", "content": "Write a function that reverses a string."}]}`
      : `{"model": "${model.modelName}", "prompt": "def reverse(s):", "max_tokens": 32}`;
    return `curl ${model.url}/${chat ? "chat/completions" : "completions"} -H "Authorization: Bearer $VLLM_API_KEY" -H "Content-Type: application/json" -d '${body}'`;
  });
  return [
    {
      kind: "table",
      head: ["model", "served as", "base URL"],
      rows: (models as readonly RenderedModel[]).map((model) => [model.key, model.modelName, model.url]),
    },
    { kind: "details", title: "Ask a model", blocks: [{ kind: "code", language: "bash", text: curls.join("\n") }] },
  ];
}
