import type { Context } from "../action/context.ts";
import type { Contract, Outputs } from "../action/contract.ts";
import type { InputSources } from "../action/load.ts";
import type { Change } from "../action/plan.ts";
import type { Block } from "../action/summary.ts";
import type { Json } from "../canonical.ts";
import { carryOutChain, closeChain, type Joined, joinChain, type Link, outputsOf } from "./chain.ts";
import type { Command, Ended, ReleaseRun, RootInputs } from "./command.ts";
import { planOfChain } from "./plan.ts";
import type { Published } from "./publish.ts";
import { releaseReport, type Words } from "./report.ts";
import { underLease } from "./under-lease.ts";

/** What a command that runs a chain does beside its links. */
export interface Undertaking {
  /** What the links read. */
  readonly sources: InputSources;
  readonly links: readonly Link[];
  readonly words: Words;
  /** What the command itself adds to the planned end state. */
  readonly endState?: Json;
  /** Outputs that the command knows before its links are planned. */
  readonly outputs?: Readonly<Record<string, unknown>>;
  /** Looks at the planned chain: what the command itself will write when all of it is proven. */
  observe?(chain: readonly Joined[], ctx: Context): Promise<readonly Change[]>;
  /** After everything: keeps in `records` what is to be kept. Gives the record that then holds. */
  conclude(ended: Ended, chain: readonly Joined[], ctx: Context): Promise<Published | undefined>;
  /** What the command itself has to show. */
  blocks?(ended: Ended, chain: readonly Joined[], ctx: Context): Promise<readonly Block[]>;
}

/** The chain that is under way: its links, as they join. */
interface Chain {
  readonly undertaking: Undertaking;
  readonly joined: Joined[];
  /** Something is written, so a record follows: not an empty release. */
  writes: boolean;
}

interface Observed extends ReleaseRun {
  readonly undertaking: Undertaking;
  readonly own: readonly Change[];
}

/** A command that plans its links together and then carries them out in one process. */
export function chained(
  undertake: (inputs: RootInputs, sources: InputSources, ctx: Context) => Promise<Undertaking>,
): Command<Chain, Observed, readonly Joined[], void> {
  return {
    async connect(inputs, ctx, sources) {
      return { undertaking: await undertake(inputs as unknown as RootInputs, sources, ctx), joined: [], writes: false };
    },
    async observe(_inputs, chain, ctx) {
      const { undertaking, joined } = chain;
      const startedAt = ctx.clock.now();
      const links = undertaking.links.map((link) =>
        link.action.contract.name === "helm-deploy"
          ? { ...link, action: underLease(link.action, () => chain.writes) }
          : link,
      );
      await joinChain(links, undertaking.sources, ctx, (link) => joined.push(link));
      return { undertaking, joined, startedAt, own: (await undertaking.observe?.(joined, ctx)) ?? [] };
    },
    plan(_inputs, { undertaking, joined, own }) {
      const plan = planOfChain(joined);
      const withOwn = (state: Json) =>
        undertaking.endState === undefined ? state : { ...(state as object), command: undertaking.endState };
      return {
        ...plan,
        changes: [...plan.changes, ...own],
        endState: withOwn(plan.endState),
        ...(plan.unreadState === undefined ? {} : { unreadState: withOwn(plan.unreadState) }),
        outputs: { ...undertaking.outputs, ...plan.outputs } as Outputs<Contract>,
      };
    },
    async apply(plan, chain, ctx) {
      chain.writes = true;
      await carryOutChain(plan.work, ctx);
    },
    async verify(plan, _applied, { undertaking }, ctx) {
      if (plan.work.some((joined) => joined.verdict === undefined)) await carryOutChain(plan.work, ctx);
      return { outputs: { ...undertaking.outputs, ...outputsOf(plan.work) } as Outputs<Contract>, ...endOf(plan.work) };
    },
    async recover(failure, plan, _chain, ctx) {
      const deploy = plan.work.find((joined) => joined.name === "helm-deploy");
      if (!deploy?.wrote || !deploy.link.action.recover) return {};
      const told = await deploy.link.action.recover(failure, deploy.plan, deploy.clients, ctx);
      // The report reads what the links say: a release that was rolled back is not told as deployed.
      deploy.verdict = { ...deploy.verdict, outputs: { ...deploy.plan.outputs, ...deploy.verdict?.outputs, ...told } };
      return told;
    },
    async report(finished, chain, ctx) {
      if (!chain) return releaseReport(finished as Ended, [], undefined, undefined, [], ctx);
      const { undertaking, joined } = chain;
      // A chain that failed has put out what its links had reached.
      const ended = { ...finished, outputs: { ...finished.outputs, ...outputsOf(joined) } } as Ended;
      const record = await undertaking.conclude(ended, joined, ctx);
      const blocks = (await undertaking.blocks?.(ended, joined, ctx)) ?? [];
      return releaseReport(ended, joined, record, undertaking.words, blocks, ctx);
    },
    close: (chain, ctx) => closeChain(chain.joined, ctx),
  };
}

/** A chain that a newer release overtook, or whose proof was skipped, is not done. */
function endOf(chain: readonly Joined[]): { readonly outcome?: "superseded" | "skipped" } {
  const ends = chain.map((joined) => joined.verdict?.outcome);
  if (ends.includes("superseded")) return { outcome: "superseded" };
  return ends.includes("skipped") ? { outcome: "skipped" } : {};
}
