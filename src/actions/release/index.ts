import type { Action, Finished } from "../../action/action.ts";
import type { Context } from "../../action/context.ts";
import type { Inputs, Outputs } from "../../action/contract.ts";
import type { InputSources } from "../../action/load.ts";
import type { Plan } from "../../action/plan.ts";
import { carryOutChain, closeChain, type Joined, joinChain, type Link, outputsOf } from "../../release/chain.ts";
import { planOfChain } from "../../release/plan.ts";
import { type ReleaseRun, recordRelease } from "../../release/publish.ts";
import { releaseReport } from "../../release/report.ts";
import { ensureIrsa } from "../ensure-irsa/index.ts";
import { helmDeploy } from "../helm-deploy/index.ts";
import { pushImages } from "../push-images/index.ts";
import { renderValues } from "../render-values/index.ts";
import { smokeTest } from "../smoke-test/index.ts";
import { syncCheckpoints } from "../sync-checkpoints/index.ts";
import { contract } from "./contract.ts";

type Contract = typeof contract;

/** The chain that is under way: its links, as they join. */
interface Chain {
  readonly sources: InputSources;
  readonly joined: Joined[];
}

/** The share of the connections that images get; checkpoints get the rest, because they are the larger part. */
const imagesShare = 3 / 8;

function linksOf(inputs: Inputs<Contract>): readonly Link[] {
  const dry: Record<string, string> = inputs.dryRun ? { "dry-run": "true" } : {};
  const images = Math.max(1, Math.floor(inputs.concurrency * imagesShare));
  const smoke: Link = { action: smokeTest, after: ["render-values", "helm-deploy"], set: dry };
  if (inputs.command === "smoke") return [smoke];
  return [
    { action: pushImages, after: [], set: { ...dry, concurrency: String(images) } },
    { action: syncCheckpoints, after: [], set: { ...dry, concurrency: String(inputs.concurrency - images) } },
    { action: ensureIrsa, after: ["sync-checkpoints"], carriedOutAfter: [], set: dry },
    { action: renderValues, after: ["push-images", "sync-checkpoints", "ensure-irsa"], set: dry },
    { action: helmDeploy, after: ["push-images", "sync-checkpoints", "ensure-irsa", "render-values"], set: dry },
    smoke,
  ];
}

/** The root action: the six, planned together, then carried out in one process. */
export const release: Action<Contract, Chain, ReleaseRun, readonly Joined[], void> = {
  contract,
  async connect(_inputs: Inputs<Contract>, _ctx: Context, sources: InputSources): Promise<Chain> {
    return { sources, joined: [] };
  },
  async observe(inputs, chain, ctx): Promise<ReleaseRun> {
    await joinChain(linksOf(inputs), chain.sources, ctx, (joined) => chain.joined.push(joined));
    return { joined: chain.joined, startedAt: ctx.clock.now() };
  },
  plan(_inputs, observed): Plan<readonly Joined[], Outputs<Contract>> {
    return planOfChain(observed.joined) as Plan<readonly Joined[], Outputs<Contract>>;
  },
  apply: (plan, _chain, ctx) => carryOutChain(plan.work, ctx),
  async verify(plan, _applied, _chain, ctx) {
    if (plan.work.some((joined) => joined.verdict === undefined)) await carryOutChain(plan.work, ctx);
    return { outputs: outputsOf(plan.work) as Outputs<Contract> };
  },
  async recover(failure, plan, _chain, ctx) {
    const deploy = plan.work.find((joined) => joined.name === "helm-deploy");
    if (!deploy?.wrote || !deploy.link.action.recover) return {};
    const told = await deploy.link.action.recover(failure, deploy.plan, deploy.clients, ctx);
    // The report reads what the links say: a release that was rolled back is not told as deployed.
    deploy.verdict = { ...deploy.verdict, outputs: { ...deploy.plan.outputs, ...deploy.verdict?.outputs, ...told } };
    return told;
  },
  async report(finished: Finished<Contract, ReleaseRun, readonly Joined[], void>, chain, ctx) {
    const record = chain && (await recordRelease(finished, chain.joined, chain.sources, ctx));
    return releaseReport(finished, chain?.joined ?? [], record, ctx);
  },
  close: (chain, ctx) => closeChain(chain.joined, ctx),
  async settle(remembered, ctx) {
    await helmDeploy.settle?.(stripped(remembered, "helm-deploy."), ctx);
  },
};

function stripped(remembered: Readonly<Record<string, string>>, prefix: string): Readonly<Record<string, string>> {
  const own = Object.entries(remembered).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
}
