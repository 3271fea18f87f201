import type { Action, Verdict } from "../../action/action.ts";
import type { Inputs, Outputs } from "../../action/contract.ts";
import type { Plan } from "../../action/plan.ts";
import { type Applied, applySync } from "../../checkpoints/apply.ts";
import { closeSync, connectSync, type SyncClients } from "../../checkpoints/connect.ts";
import { type ObservedSync, observeSync } from "../../checkpoints/observe.ts";
import { planSync, type SyncWork } from "../../checkpoints/plan.ts";
import { syncReport } from "../../checkpoints/report.ts";
import { verifySync } from "../../checkpoints/verify.ts";
import { placeOf } from "../../checkpoints/wanted.ts";
import { contract } from "./contract.ts";

type Contract = typeof contract;

/** What apply and verify take from the plan: the work, and how to do it. */
interface Work extends SyncWork {
  readonly inputs: Inputs<Contract>;
}

/** sync-checkpoints: from archives, folders and buckets to one proven prefix per model. */
export const syncCheckpoints: Action<Contract, SyncClients, ObservedSync, Work, Applied> = {
  contract,
  connect: (inputs, ctx, sources) => connectSync(inputs, ctx, sources),
  observe(inputs, clients, ctx) {
    const settings = {
      strip: inputs.stripComponents,
      replace: inputs.replace,
      records: inputs.records,
      live: inputs,
      placeOf: (model: Parameters<typeof placeOf>[0]) => placeOf(model, { ...inputs, bucket: inputs.bucket! }),
    };
    return observeSync(settings, clients, ctx);
  },
  plan(inputs, { models, given }): Plan<Work, Outputs<Contract>> {
    const { replace, deleteExtra, verify } = inputs;
    const compareBy = verify === "size" ? "size" : "etag";
    const plan = planSync(models, given, { replace, deleteExtra, compareBy });
    return { ...plan, work: { ...plan.work, inputs } };
  },
  apply({ work }, { store }, ctx) {
    const { concurrency, partSize, stripComponents: strip } = work.inputs;
    return applySync(work, store!, { concurrency, partSize, strip }, ctx);
  },
  async verify({ work }, applied, { store }, ctx): Promise<Verdict<Outputs<Contract>>> {
    const { verify, concurrency } = work.inputs;
    const { outputs, failure } = await verifySync(work, applied, verify, store, concurrency, ctx);
    return { outputs: outputs as Outputs<Contract>, ...(failure ? { failure } : {}) };
  },
  report(finished) {
    return syncReport({
      dryRun: finished.dryRun,
      seconds: finished.seconds,
      work: finished.plan?.work,
      outputs: finished.outputs,
      failure: finished.failure?.happened.split("\n")[0],
      verify: finished.inputs.verify,
    });
  },
  close: (clients) => closeSync(clients),
};
