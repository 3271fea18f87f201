import type { Action, Verdict } from "../../action/action.ts";
import type { Context } from "../../action/context.ts";
import type { Inputs, Outputs } from "../../action/contract.ts";
import type { Plan } from "../../action/plan.ts";
import { type Aws, connectAws } from "../../aws/session.ts";
import type { Applied } from "../../irsa/apply.ts";
import { identityBlocks, identityHeadline } from "../../irsa/report.ts";
import type { Proof } from "../../irsa/verify.ts";
import { applyWay, doubtsOf, observeWay, planWay, type Seen, verifyWay, type Work } from "../../irsa/way.ts";
import { wayOf } from "../../irsa/wish.ts";
import { contract } from "./contract.ts";

type Contract = typeof contract;

interface Means {
  /** Absent with static keys, which ask nothing of AWS. */
  readonly aws: Aws | undefined;
  /** Warnings that were given already: a chain observes more than once. */
  readonly told: Set<string>;
  proof?: Proof;
}

interface ActionWork {
  readonly simulate: Inputs<Contract>["simulate"];
  readonly work: Work;
}

/** ensure-irsa: the model servers' identity, compared by meaning and reconciled. */
export const ensureIrsa: Action<Contract, Means, Seen, ActionWork, Applied | undefined> = {
  contract,
  async connect(inputs, ctx) {
    const target = { region: inputs.awsRegion, accountId: inputs.awsAccountId, role: inputs.roleToAssume };
    const aws = inputs.mode === "static-secret" ? undefined : await connectAws(target, ctx);
    return { aws, told: new Set() };
  },
  async observe(inputs, means, ctx) {
    const seen = await observeWay(wayOf(inputs, means.aws), means.aws, ctx);
    tellDoubts(seen, means, ctx);
    return seen;
  },
  plan(inputs, seen): Plan<ActionWork, Outputs<Contract>> {
    const plan = planWay(seen);
    return { ...plan, work: { simulate: inputs.simulate, work: plan.work } };
  },
  apply: (plan, means, ctx) => applyWay(plan.work.work, means.aws, ctx),
  async verify(plan, applied, means, ctx): Promise<Verdict<Outputs<Contract>>> {
    means.proof = await verifyWay(plan.work.work, applied, plan.work.simulate, means.aws, ctx);
    for (const line of means.proof.proven) ctx.log.info(`proven: ${line}`);
    for (const line of means.proof.unproven) ctx.log.info(`not verified: ${line}`);
    return { outputs: plan.outputs as Outputs<Contract> };
  },
  report({ outcome, dryRun, plan, failure }, means) {
    const run = {
      outcome,
      dryRun,
      changes: plan?.changes.length ?? 0,
      work: plan?.work.work,
      proof: means?.proof,
      failure,
    };
    return { headline: identityHeadline(run), blocks: identityBlocks(run) };
  },
};

function tellDoubts(seen: Seen, means: Means, ctx: Context): void {
  for (const finding of doubtsOf(seen)) {
    if (means.told.has(finding.happened)) continue;
    means.told.add(finding.happened);
    ctx.log.finding(finding);
  }
}
