import type { Context } from "../action/context.ts";
import type { Contract, Outputs } from "../action/contract.ts";
import { count } from "../action/describe.ts";
import type { InputSources } from "../action/load.ts";
import type { Block } from "../action/summary.ts";
import { asEksDeployError, type EksDeployError, type Problem, UserError } from "../errors.ts";
import { closeChain, type Joined, joinChain } from "./chain.ts";
import type { AnyCommand, Command, Ended, RootInputs, Six } from "./command.ts";
import { releaseLinks } from "./links.ts";
import { planOfChain } from "./plan.ts";

interface Checked {
  readonly sources: InputSources;
  readonly joined: Joined[];
}

/** `preflight`: observes and plans everything, and tells everything that is wrong in all steps at once. It writes nothing. */
export function preflightCommand(six: Six): AnyCommand {
  const command: Command<Checked, Checked, readonly Joined[], void> = {
    connect: async (_inputs, _ctx, sources) => ({ sources, joined: [] }),
    async observe(inputs, checked, ctx) {
      // The cluster is checked even where the release is what it should be.
      const links = releaseLinks(six, { ...(inputs as unknown as RootInputs), dryRun: true }, { preflight: "only" });
      await joinChain(links, checked.sources, ctx, (link) => checked.joined.push(link), "all");
      tell(checked.joined, ctx);
      return checked;
    },
    plan(_inputs, { joined }) {
      const plan = planOfChain(joined);
      // Nothing is carried out, so nothing is a change; what a release would do is shown by the report.
      return { ...plan, changes: [], outputs: plan.outputs as Outputs<Contract> };
    },
    apply: async () => undefined,
    async verify(plan) {
      const failure = failureOf(plan.work);
      return { outputs: plan.outputs as Outputs<Contract>, ...(failure ? { failure } : {}) };
    },
    async report(finished, checked, ctx) {
      const joined = checked?.joined ?? [];
      const failed = joined.filter((link) => link.failure);
      const changes = joined.flatMap((link) => link.plan.changes);
      const waiting = joined.some((link) => !link.failure && link.observed === undefined);
      const headline =
        failed.length > 0
          ? `Preflight: ${failed.map((link) => link.name).join(", ")} would fail: ${firstLine(failed[0]!.failure!)}`
          : finished.failure
            ? `Preflight did not end: ${firstLine(finished.failure)}`
            : `Preflight passed: a release would make ${count(changes.length, "change")}${waiting ? " or more" : ""}.`;
      const rows = joined.map((link) => [link.failure ? "❌" : link.observed ? "✅" : "–", link.name, seen(link)]);
      const found = await Promise.all(joined.map((link) => findings(link, ctx)));
      return { headline, blocks: [{ kind: "table", head: ["", "step", "seen"], rows }, ...found.flat()] };
    },
    close: (checked, ctx) => closeChain(checked.joined, ctx),
  };
  return command;
}

/** What a step has to say beside its line: its table of checks, its plan in detail. */
async function findings(joined: Joined, ctx: Context): Promise<readonly Block[]> {
  const { link, name, inputs, clients, observed, plan, failure, seconds } = joined;
  if (observed === undefined) return [];
  const finished = { outcome: "done", dryRun: true, inputs, observed, plan, outputs: plan.outputs, failure, seconds };
  const { blocks } = await link.action.report(finished as unknown as Ended, clients, ctx);
  return blocks.length === 0 ? [] : [{ kind: "details", title: name, blocks }];
}

function seen({ failure, observed, plan }: Joined): string {
  if (failure) return `${failure.happened} [${failure.code}]\n${failure.next}`;
  if (observed === undefined) return "not looked at: it waits for what a step before it must read first, or could not";
  return plan.changes.length === 0 ? "nothing to change" : `${count(plan.changes.length, "change")} planned`;
}

/** Each failure is an annotation of its own: the run's failure is told once for all. */
function tell(joined: readonly Joined[], ctx: Context): void {
  const failed = joined.flatMap((link) => link.failure ?? []);
  if (failed.length < 2) return;
  for (const { code, happened, next, problems } of failed)
    if (problems.length === 0) ctx.log.finding({ code, level: "error", happened, next });
}

/** One failure as it is; several as one that names them all. */
function failureOf(joined: readonly Joined[]): EksDeployError | undefined {
  const failed = joined.filter((link) => link.failure);
  const [first] = failed;
  if (!first?.failure || failed.length === 1) return first?.failure && asEksDeployError(first.failure);
  const lines = failed.map(({ name, failure }) => `  - ${name}: ${firstLine(failure!)} [${failure!.code}]`);
  const problems: readonly Problem[] = failed.flatMap(({ failure }) => failure!.problems);
  return new UserError("RELEASE_PREFLIGHT", {
    happened: `${count(failed.length, "step")} of the release would fail:\n${lines.join("\n")}`,
    next: [...new Set(failed.map(({ failure }) => failure!.next))].join("\n"),
    problems,
  });
}

function firstLine({ happened }: EksDeployError): string {
  return happened.split("\n")[0] ?? "";
}
