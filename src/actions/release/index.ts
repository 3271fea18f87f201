import type { Action } from "../../action/action.ts";
import type { Inputs, Outputs } from "../../action/contract.ts";
import type { Plan } from "../../action/plan.ts";
import type { AnyCommand } from "../../release/command.ts";
import { ensureIrsa } from "../ensure-irsa/index.ts";
import { helmDeploy } from "../helm-deploy/index.ts";
import { pushImages } from "../push-images/index.ts";
import { renderValues } from "../render-values/index.ts";
import { smokeTest } from "../smoke-test/index.ts";
import { syncCheckpoints } from "../sync-checkpoints/index.ts";
import { contract } from "./contract.ts";

type Contract = typeof contract;

const six = { pushImages, syncCheckpoints, ensureIrsa, renderValues, helmDeploy, smokeTest };

/** Each command loads alone. */
const commands: Readonly<Record<Inputs<Contract>["command"], (inputs: Inputs<Contract>) => Promise<AnyCommand>>> = {
  release: async () => (await import("../../release/release.ts")).releaseCommand(six),
  plan: async () => (await import("../../release/release.ts")).releaseCommand(six),
  preflight: async () => (await import("../../release/preflight.ts")).preflightCommand(six),
  async smoke({ environments }) {
    const { smokeCommand } = await import("../../release/smoke.ts");
    if (environments.length === 0) return smokeCommand(six);
    return (await import("../../release/smoke-environments.ts")).smokeEnvironments(environments, () =>
      smokeCommand(six),
    );
  },
  promote: async () => (await import("../../release/promote/command.ts")).promoteCommand(six),
  rollback: async () => (await import("../../release/rollback/command.ts")).rollbackCommand(six),
  status: async () => (await import("../../release/status/command.ts")).statusCommand(),
  diagnose: async () => (await import("../../release/diagnose.ts")).diagnoseCommand(),
  prune: async () => (await import("../../release/prune/command.ts")).pruneCommand(six),
  remove: async () => (await import("../../release/remove/command.ts")).removeCommand(six),
  record: async () => (await import("../../release/record-reports.ts")).recordCommand(six),
};

/** The command that was asked for, and what it talks through. */
interface Begun {
  readonly command: AnyCommand;
  readonly clients: unknown;
}

interface Seen {
  readonly command: AnyCommand;
  readonly observed: unknown;
}

/** The root action: chooses the command and hands every step to it. */
export const release: Action<Contract, Begun, Seen, unknown, unknown> = {
  contract,
  async connect(inputs, ctx, sources) {
    const command = await commands[inputs.command](inputs);
    return { command, clients: await command.connect(inputs, ctx, sources) };
  },
  async observe(inputs, { command, clients }, ctx) {
    return { command, observed: await command.observe(inputs, clients, ctx) };
  },
  plan: (inputs, { command, observed }) => command.plan(inputs, observed) as Plan<unknown, Outputs<Contract>>,
  apply: (plan, { command, clients }, ctx) => command.apply(plan, clients, ctx),
  verify: (plan, applied, { command, clients }, ctx) => command.verify(plan, applied, clients, ctx),
  async recover(failure, plan, { command, clients }, ctx) {
    return (await command.recover?.(failure, plan, clients, ctx)) ?? {};
  },
  report(finished, begun, ctx) {
    if (!begun) {
      const why = finished.failure?.happened.split("\n")[0] ?? "nothing was done";
      return { headline: `${finished.inputs.command}: ${why}`, blocks: [] };
    }
    return begun.command.report({ ...finished, observed: finished.observed?.observed }, begun.clients, ctx);
  },
  async close({ command, clients }, ctx) {
    await command.close?.(clients, ctx);
  },
  async settle(remembered, ctx) {
    await helmDeploy.settle?.(stripped(remembered, "helm-deploy."), ctx);
  },
};

function stripped(remembered: Readonly<Record<string, string>>, prefix: string): Readonly<Record<string, string>> {
  const own = Object.entries(remembered).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
}
