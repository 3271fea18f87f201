import { commonInputs, commonOutputs } from "../../action/common.ts";
import { type AnyInput, defineContract, type Located, type RawInput, type SpecFinder } from "../../action/contract.ts";
import { choice, flag, integer, list } from "../../action/inputs.ts";
import { flagOutput, jsonOutput, textOutput } from "../../action/outputs.ts";
import type { Json } from "../../canonical.ts";
import { promotionInputs, pruneInputs, removeInputs } from "../../release/inputs.ts";
import { contract as ensureIrsa } from "../ensure-irsa/contract.ts";
import { contract as helmDeploy } from "../helm-deploy/contract.ts";
import { contract as pushImages } from "../push-images/contract.ts";
import { contract as renderValues } from "../render-values/contract.ts";
import { contract as smokeTest } from "../smoke-test/contract.ts";
import { contract as syncCheckpoints } from "../sync-checkpoints/contract.ts";

/** What one step can do. */
export const commands = [
  "release",
  "plan",
  "preflight",
  "smoke",
  "promote",
  "rollback",
  "status",
  "diagnose",
  "record",
  "prune",
  "remove",
] as const;

/** Each action enforces its own inputs when the chain reaches it; here all of them are optional. */
function optional<I extends Readonly<Record<string, AnyInput>>>(inputs: I): I {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => {
      const { required: _, report: __, ...rest } = input;
      return [name, { ...rest, parse: (raw: unknown) => raw }];
    }),
  ) as unknown as I;
}

const common = commonInputs("deploy");

/** A promotion works in the environment that gets the release. */
function environmentByCommand(_: SpecFinder, raw: RawInput): Located | undefined {
  const to = raw("command") === "promote" ? raw("to") : undefined;
  return to ? { value: to, origin: "input to" } : undefined;
}

/** `plan` is a dry run of the whole chain. */
function dryRunByCommand(_: SpecFinder, raw: RawInput): Located | undefined {
  return raw("command") === "plan" ? { value: "true", origin: "command plan" } : undefined;
}

export const contract = defineContract({
  name: "release",
  title: "Poolside on EKS",
  description: "Release Poolside models on Amazon EKS: push, sync, authorise, render, deploy and prove in one step.",
  inputs: {
    command: choice(commands, { default: "release", description: "What to do." }),
    ...optional(pushImages.inputs),
    ...optional(syncCheckpoints.inputs),
    ...optional(ensureIrsa.inputs),
    ...optional(renderValues.inputs),
    ...optional(helmDeploy.inputs),
    ...optional(smokeTest.inputs),
    ...common,
    ...optional({ ...promotionInputs, ...pruneInputs, ...removeInputs }),
    environments: list({
      description:
        "Environments of the spec that `command: smoke` tests, one after the other; `api-key` may then be a map by environment.",
      example: "staging, production",
    }),
    environment: { ...common.environment, spec: environmentByCommand },
    concurrency: integer({
      min: 2,
      max: 256,
      default: "32",
      description: "Transfers at once, over images and checkpoints together.",
    }),
    "dry-run": flag({
      default: "false",
      description: "Observe and plan only; nothing outside the runner is written.",
      spec: dryRunByCommand,
    }),
  },
  outputs: {
    ...pushImages.outputs,
    ...syncCheckpoints.outputs,
    ...ensureIrsa.outputs,
    ...renderValues.outputs,
    ...helmDeploy.outputs,
    ...smokeTest.outputs,
    ...commonOutputs,
    "plan-complete": flagOutput(
      "Whether all of the plan is known. False while a source must be read first: its `plan-sha256` then stands for whatever that source yields, and for what spec and inputs want of it.",
    ),
    "transfer-images": flagOutput("Whether the plan sends images."),
    "transfer-models": jsonOutput<readonly string[]>(
      "Keys of the models whose checkpoints the plan sends (JSON list), for a matrix.",
    ),
    record: textOutput("Path of the release record (JSON); of the latest one where nothing changed."),
    "record-uri": textOutput("Place of the record in `records`."),
    "record-sha256": textOutput("Digest of the record: its name."),
    result: jsonOutput<Json>(
      "What `status`, `promote`, `rollback`, `prune` and `remove` found or did (JSON): its form is the command's own.",
    ),
  },
});
