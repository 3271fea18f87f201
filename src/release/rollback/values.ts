import { mkdir, writeFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import type { Action } from "../../action/action.ts";
import { defineContract, type Outputs } from "../../action/contract.ts";
import { text } from "../../action/inputs.ts";
import { jsonOutput, textOutput } from "../../action/outputs.ts";
import type { Json } from "../../canonical.ts";
import { UserError } from "../../errors.ts";
import type { Named } from "../../record/latest.ts";
import type { RecordStore } from "../../record/store.ts";
import { keptValues, valuesPath } from "../../record/values.ts";

/** Takes the place of render-values in the chain, so it bears its name. */
const contract = defineContract({
  name: "render-values",
  title: "",
  description: "",
  inputs: { output: text({ default: "inference_values.yaml", description: "Where the values file is written." }) },
  outputs: {
    "values-file": textOutput("Path of the values file."),
    "values-sha256": textOutput("Its digest."),
    "rendered-models": jsonOutput<Json>("Models, as they were rendered."),
    "chart-version": textOutput("Version of the chart."),
  },
});

type Contract = typeof contract;

/** The values file of a record, by its digest: a rollback renders nothing. `RELEASE_VALUES_GONE` where it is not kept. */
export function recordedValues(
  { record, sha256 }: Named,
  store: RecordStore,
): Action<Contract, undefined, string, undefined, undefined> {
  return {
    contract,
    connect: async () => undefined,
    async observe({ output }, _clients, ctx) {
      const text = await keptValues(store, record.valuesSha256);
      if (!text) throw valuesGone(sha256, `${store.place}${valuesPath(record.valuesSha256)}`);
      const path = resolve(ctx.ambient.workspace, output);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
      const below = relative(ctx.ambient.workspace, path);
      return below.startsWith("..") ? path : below;
    },
    plan: (_inputs, path) => ({
      changes: [],
      endState: { values: record.valuesSha256, chart: record.chart.sha256 },
      outputs: {
        valuesFile: path,
        valuesSha256: record.valuesSha256,
        renderedModels: record.models,
        chartVersion: record.chart.version,
      },
      work: undefined,
    }),
    apply: async () => undefined,
    verify: async (plan) => ({ outputs: plan.outputs as Outputs<Contract> }),
    report: ({ failure }) => ({
      headline: failure?.happened.split("\n")[0] ?? `Values ${record.valuesSha256.slice(0, 12)}, as they were proven.`,
      blocks: [],
    }),
  };
}

function valuesGone(record: string, place: string): UserError {
  return new UserError("RELEASE_VALUES_GONE", {
    happened: `The values file of the record ${record.slice(0, 12)} is not kept any more (${place}).`,
    next: `Render it again from the record, with the spec of that time: command: release, from-record: ${record}.`,
  });
}
