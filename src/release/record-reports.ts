import type { Contract, Outputs } from "../action/contract.ts";
import { camel } from "../action/contract.ts";
import { type InputSources, loadInputs } from "../action/load.ts";
import type { Change, Plan } from "../action/plan.ts";
import { connectAws } from "../aws/session.ts";
import { digestOf, type Json } from "../canonical.ts";
import { UserError } from "../errors.ts";
import type { ReleaseRecord } from "../record/record.ts";
import type { AnyCommand, Command, Six } from "./command.ts";
import { inputsOf, placeContract } from "./inputs.ts";
import { provenBytes, recordOf } from "./make-record.ts";
import type { Place } from "./prove.ts";
import { type Published, publish, recordChange } from "./publish.ts";
import { withUntouched } from "./recorded.ts";
import { resolvedInputs } from "./resolved.ts";

interface Means {
  readonly place: Place;
  readonly sources: InputSources;
  published?: Published;
}

interface Seen {
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly changes: readonly Change[];
  readonly startedAt: number;
}

/** Outputs without which nothing is proven, by the action that puts them out. */
const needed: readonly (readonly [string, string])[] = [
  ["push-images", "images"],
  ["push-images", "chart-sha256"],
  ["sync-checkpoints", "prefixes"],
  ["render-values", "values-sha256"],
  ["helm-deploy", "revision"],
  ["smoke-test", "results"],
];

/** `record`: the record of a release that was made by single actions, from their `reports`. */
export function recordCommand(six: Six): AnyCommand {
  const command: Command<Means, Seen, undefined, void> = {
    async connect(_inputs, _ctx, sources) {
      return { place: inputsOf(placeContract("deploy"), sources), sources };
    },
    async observe(_inputs, { place, sources }, ctx) {
      const outputs = reportedOutputs(six, sources);
      return { outputs, changes: await recordChange(outputs, place, ctx), startedAt: ctx.clock.now() };
    },
    plan: (_inputs, { outputs, changes }): Plan<undefined, Outputs<Contract>> => ({
      changes,
      endState: provenBytes(outputs) as unknown as Json,
      outputs: outputs as Partial<Outputs<Contract>>,
      work: undefined,
    }),
    apply: async () => undefined,
    verify: async (plan) => ({ outputs: plan.outputs as Outputs<Contract> }),
    async report(finished, means, ctx) {
      if (!means || !finished.observed)
        return { headline: `No record was written: ${finished.failure?.happened.split("\n")[0] ?? ""}`, blocks: [] };
      const { place, sources } = means;
      const { outputs, startedAt } = finished.observed;
      const make = async (latest: Parameters<typeof withUntouched>[1]) => {
        const target = { region: place.awsRegion, accountId: place.awsAccountId, role: place.roleToAssume };
        const proof = {
          outputs,
          place,
          aws: await connectAws(target, ctx),
          resolved: resolvedOf(six, sources),
          planSha256: digestOf(provenBytes(outputs) as unknown as Json),
          startedAt,
          spec: sources.input("spec"),
        };
        return withUntouched(await recordOf(proof, ctx), latest);
      };
      const published = await publish(finished, place, make, ctx);
      const told = published
        ? { record: published.path, recordUri: published.uri, recordSha256: published.sha256 }
        : {};
      const name = `${place.release}${place.environment ? ` (${place.environment})` : ""}`;
      const planned = finished.plan?.changes.length ?? 0;
      const headline = finished.dryRun
        ? `A record of ${name} ${planned > 0 ? "would be written" : "is there already"}.`
        : planned > 0 && published
          ? `Recorded ${name}, revision ${outputs["revision"]}: ${published.sha256.slice(0, 12)}.`
          : `What was reported of ${name} is recorded already${published ? ` (${published.sha256.slice(0, 12)})` : ""}.`;
      const blocks = published ? ([{ kind: "text", text: `Release record: \`${published.uri}\`` }] as const) : [];
      return { headline, blocks, outputs: told };
    },
  };
  return command;
}

/** All outputs in the reports, by name. Something missing, or a smoke test that did not pass, is no proof. */
function reportedOutputs(six: Six, sources: InputSources): Readonly<Record<string, unknown>> {
  const missing = needed.filter(([action, output]) => sources.report(`${action}.${output}`) === undefined);
  if (missing.length > 0) {
    throw new UserError("RELEASE_REPORTS_INCOMPLETE", {
      happened: `The reports say nothing of ${missing.map(([action, output]) => `${output} (${action})`).join(", ")}.`,
      next: "Give reports: a folder with the report of each of the six actions, all of one run that ended well.",
    });
  }
  const passed = sources.report("smoke-test.passed")?.value;
  if (passed !== true && passed !== "true") {
    throw new UserError("RELEASE_NOT_PROVEN", {
      happened: "The smoke test in the reports did not pass.",
      next: "A record says what was proven: mend what the smoke test found, and test again.",
    });
  }
  const outputs: Record<string, unknown> = {};
  for (const { contract } of Object.values(six)) {
    for (const name of Object.keys((contract as Contract).outputs)) {
      const located = sources.report(`${contract.name}.${name}`);
      if (located) outputs[camel(name)] = located.value;
    }
  }
  return outputs;
}

/** As far as the inputs of the single actions can be read here: they ran with this spec. */
function resolvedOf(six: Six, sources: InputSources): ReleaseRecord["resolved"] {
  const parts = Object.values(six).map(({ contract }) => {
    try {
      return resolvedInputs(contract, loadInputs(contract, { ...sources, given: [] }).inputs, sources);
    } catch (thrown) {
      if (thrown instanceof UserError) return {};
      throw thrown;
    }
  });
  return Object.assign({}, ...parts);
}
