import type { Action, Verdict } from "../../action/action.ts";
import type { Inputs, Outputs } from "../../action/contract.ts";
import type { Plan } from "../../action/plan.ts";
import { wholeDiff } from "../../deploy/diff.ts";
import { type Observation, observeRelease } from "../../deploy/observe.ts";
import { type Deployment, mayAskAws, openDeployment, refresh } from "../../deploy/open.ts";
import { planRelease, type ReleasePlan } from "../../deploy/plan.ts";
import { accepting, preflightFailure, warningsOf } from "../../deploy/preflight.ts";
import { latestProven } from "../../deploy/proven.ts";
import { deployBlocks, deployHeadline, toldDiagnoses } from "../../deploy/report.ts";
import { settleRun } from "../../deploy/settle.ts";
import { type AppliedRelease, carryOut, prove, rescue } from "../../deploy/steps.ts";
import { contract } from "./contract.ts";

type Contract = typeof contract;

interface Work {
  readonly release: ReleasePlan;
  readonly observation: Observation;
}

/** helm-deploy: installs or upgrades the release, watches it, says what is wrong, and rolls back. */
export const helmDeploy: Action<Contract, Deployment, Observation, Work, AppliedRelease> = {
  contract,
  connect: (inputs, ctx) => openDeployment(inputs, ctx),
  async observe(inputs, deployment, ctx) {
    await refresh(deployment, inputs, ctx);
    const found = await observeRelease(
      {
        ...inputs,
        ...deployment,
        ...place(inputs),
        upcoming: ctx.upcoming,
        askAws: mayAskAws(inputs) ? deployment.aws : undefined,
      },
      ctx,
    );
    const checks = accepting(found.checks, inputs.accept);
    for (const warning of warningsOf(checks)) ctx.log.finding(warning);
    return { ...found, checks };
  },
  plan(inputs, observation): Plan<Work, Outputs<Contract>> {
    const failure = preflightFailure(observation.checks);
    if (failure) throw failure;
    const release = planRelease(observation.wanted, observation.observed, observation.records);
    // What a run that stops after its checks would change is no change of that run; a dry run tells it.
    const changes = inputs.preflight === "only" && !inputs.dryRun ? [] : release.changes;
    return {
      changes,
      endState: release.endState,
      outputs: { diff: wholeDiff(release.diff, release.drift) },
      work: { release, observation },
    };
  },
  apply: (plan, deployment, ctx) => carryOut(plan.work.release, deployment, ctx),
  async verify(plan, applied, deployment, ctx): Promise<Verdict<Outputs<Contract>>> {
    const { release, observation } = plan.work;
    if (deployment.inputs.preflight === "only") return { outputs: {} as Outputs<Contract>, outcome: "skipped" };
    const proof = await prove(release, applied, observation, deployment, ctx);
    const outputs = {
      revision: proof.revision,
      status: proof.status,
      addresses: proof.addresses,
      diagnosis: toldDiagnoses(proof.rollout.diagnoses),
    };
    return {
      outputs: outputs as unknown as Outputs<Contract>,
      ...(proof.status === "superseded" ? { outcome: "superseded" } : {}),
      ...(proof.failure ? { failure: proof.failure } : {}),
    };
  },
  async recover(failure, plan, deployment, ctx) {
    const { release, observation } = plan.work;
    const proven = await latestProven(deployment.inputs, ctx);
    const undone = await rescue(failure, release, { ...observation, proven }, deployment, ctx);
    return {
      status: undone.status,
      revision: undone.revision,
      ...(undone.rolledBackTo ? { rolledBackTo: undone.rolledBackTo } : {}),
    };
  },
  report(finished) {
    const { inputs, outputs, observed, plan } = finished;
    const facts = {
      ...place(inputs),
      dryRun: finished.dryRun,
      changes: plan?.changes.length ?? 0,
      status: outputs?.status,
      revision: outputs?.revision,
      rolledBackTo: outputs?.rolledBackTo,
      failure: finished.failure?.happened,
      models: plan?.work.release.workloads.length ?? 0,
      checks: inputs.preflight === "only" ? observed?.checks : undefined,
    };
    return {
      headline: deployHeadline(facts),
      blocks: deployBlocks({
        checks: observed?.checks ?? [],
        diff: outputs?.diff ?? "",
        diagnosis: outputs?.diagnosis ?? [],
        addresses: outputs?.addresses ?? {},
      }),
    };
  },
  async close(deployment) {
    await deployment.lease?.release();
    deployment.cluster.close();
  },
  settle: (remembered, ctx) => settleRun(remembered, ctx),
};

function place(inputs: Inputs<Contract>): { readonly release: string; readonly namespace: string } {
  return { release: inputs.release, namespace: inputs.namespace };
}
