import type { Finished, Outcome, Report } from "../action/action.ts";
import type { Context } from "../action/context.ts";
import type { Contract, Inputs } from "../action/contract.ts";
import { count } from "../action/describe.ts";
import type { Block } from "../action/summary.ts";
import { type Joined, outputsOf } from "./chain.ts";
import type { Published } from "./publish.ts";

/** What a person reads after a release: a table of the steps, what each has to say, and where the models answer. */
export async function releaseReport(
  finished: Finished<Contract, unknown, unknown, unknown>,
  chain: readonly Joined[],
  record: Published | undefined,
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
      rows: told.map(({ joined, outcome, report }) => [joined.name, words[outcome], report.headline]),
    },
    ...modelBlocks(finished.outputs),
    ...told
      .filter(({ report }) => report.blocks.length > 0)
      .map(({ joined, report }) => ({ kind: "details", title: joined.name, blocks: report.blocks }) as const),
  ];
  if (record) blocks.push({ kind: "text", text: `Release record: \`${record.uri}\`` });
  return {
    headline: headline(finished, chain, told.find(({ joined }) => joined.failure)?.report.headline),
    blocks,
    outputs: {
      ...outputsOf(chain),
      ...(record ? { record: record.path, recordUri: record.uri, recordSha256: record.sha256 } : {}),
    },
  };
}

type StepOutcome = Outcome | "planned" | "not reached";

const words: Readonly<Record<StepOutcome, string>> = {
  done: "✅",
  failed: "❌",
  cancelled: "⏹️",
  superseded: "⏭️",
  skipped: "⏸️",
  planned: "📝",
  "not reached": "–",
};

function outcomeOf(joined: Joined, finished: Finished<Contract, unknown, unknown, unknown>): StepOutcome {
  if (joined.failure) return finished.outcome === "cancelled" ? "cancelled" : "failed";
  if (joined.verdict) return joined.verdict.outcome ?? "done";
  return finished.dryRun ? "planned" : "not reached";
}

async function reportOf(
  joined: Joined,
  finished: Finished<Contract, unknown, unknown, unknown>,
  ctx: Context,
): Promise<Report> {
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

function headline(
  finished: Finished<Contract, unknown, unknown, unknown>,
  chain: readonly Joined[],
  failed: string | undefined,
): string {
  const inputs = finished.inputs as { release?: string; namespace?: string; environment?: string };
  const name = `${inputs.release ?? "inference"}${inputs.environment ? ` (${inputs.environment})` : ""}`;
  const changes = finished.plan?.changes.length ?? 0;
  if (finished.outcome === "cancelled") return `Release of ${name} was cancelled; running it again continues.`;
  if (finished.failure) return failed ?? `Release of ${name} failed: ${finished.failure.happened.split("\n")[0]}`;
  if (finished.dryRun)
    return changes === 0 ? `${name} is up to date.` : `${name} would be released with ${count(changes, "change")}.`;
  const outputs = finished.outputs as { revision?: number; renderedModels?: readonly unknown[] } | undefined;
  const models = count(outputs?.renderedModels?.length ?? 0, "model");
  if (changes === 0)
    return chain.length === 1
      ? `${name}: smoke test passed.`
      : `${name} is up to date, and its ${models} ${outputs?.renderedModels?.length === 1 ? "answers" : "answer"}.`;
  return `Released ${models} as ${name}, revision ${outputs?.revision ?? "?"}: proven.`;
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
