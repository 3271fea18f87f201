import type { Action } from "../../action/action.ts";
import type { Inputs, Outputs } from "../../action/contract.ts";
import type { Plan } from "../../action/plan.ts";
import { connectAws } from "../../aws/session.ts";
import { type ObservedValues, observeValues } from "../../values/observe.ts";
import { planValues } from "../../values/plan.ts";
import { valuesReport } from "../../values/report.ts";
import type { RenderMeans } from "../../values/settings.ts";
import { contract } from "./contract.ts";

type Contract = typeof contract;

/** render-values: it reads, renders and checks; the file that it writes lies on the runner, so its plan is empty. */
export const renderValues: Action<Contract, RenderMeans, ObservedValues, undefined, undefined> = {
  contract,
  async connect(inputs, ctx, sources) {
    const target = { region: inputs.awsRegion, accountId: inputs.awsAccountId, role: inputs.roleToAssume };
    return { aws: () => connectAws(target, ctx), find: sources.spec, told: new Set() };
  },
  observe: (inputs, means, ctx) => observeValues(settingsOf(inputs), means, ctx.upcoming, ctx),
  plan: (_inputs, observed) => planValues(observed) as Plan<undefined, Outputs<Contract>>,
  apply: async () => undefined,
  verify: async (plan) => ({ outputs: plan.outputs as Outputs<Contract> }),
  report(finished) {
    if (finished.observed && !finished.failure) return valuesReport(finished.observed);
    const why = finished.failure?.happened.split("\n")[0] ?? "nothing was rendered";
    return { headline: `No values were written: ${why}`, blocks: [] };
  },
};

/** The way of naming the cluster is optional here; all else is as the contract has it. */
function settingsOf(inputs: Inputs<Contract>) {
  const { authenticationSecret, ...rest } = inputs;
  return { ...rest, authenticationSecret: authenticationSecret === "none" ? "" : authenticationSecret };
}
