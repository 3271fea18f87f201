import type { Plan } from "../action/plan.ts";
import type { ObservedValues } from "./observe.ts";
import type { RenderedModel } from "./render.ts";

/** What render-values puts out. */
export interface ValuesOutputs {
  readonly valuesFile: string;
  readonly valuesSha256: string;
  readonly renderedModels: readonly RenderedModel[];
  readonly chartVersion: string;
}

/** Nothing outside the runner changes here: the values reach the cluster by helm-deploy, whose plan shows what they do. */
export function planValues({ file, path, models, chart }: ObservedValues): Plan<undefined, ValuesOutputs> {
  return {
    changes: [],
    endState: { values: file.sha256, chart: chart.archive.sha256 },
    outputs: {
      valuesFile: path,
      valuesSha256: file.sha256,
      renderedModels: models,
      chartVersion: chart.version,
    },
    work: undefined,
  };
}
