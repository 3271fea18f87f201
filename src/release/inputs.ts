import { clusterInputs, commonInputs, type Duty, releaseInputs } from "../action/common.ts";
import { type Contract, defineContract, type Inputs } from "../action/contract.ts";
import { choice, duration, flag, integer, text } from "../action/inputs.ts";
import type { InputSources } from "../action/load.ts";
import { loadInputs } from "../action/load.ts";

/** What `command: promote` takes beside the inputs of the six. */
export const promotionInputs = {
  from: text({
    description: "Environment of the spec whose release is proven (`command: promote`).",
    example: "staging",
    spec: "promotion.from",
  }),
  to: text({
    description: "Environment of the spec that gets it (`command: promote`). Default: `environment`.",
    example: "production",
  }),
  "min-soak": duration({
    default: "0s",
    description: "How long smoke tests must have been green in `from`.",
    spec: "promotion.minSoak",
  }),
  "max-age": duration({
    description: "How old the record may be at most.",
    example: "14d",
    spec: "promotion.maxAge",
  }),
  copy: choice(["auto", "server", "stream"], {
    default: "auto",
    description:
      "How bytes move between accounts: `server` (one principal reads there and writes here), `stream` (a role for each side), or whichever is possible.",
    spec: "promotion.copy",
  }),
};

/** A promotion's own inputs, for itself. */
export const promotionContract = defineContract({
  name: "release",
  title: "",
  description: "",
  inputs: promotionInputs,
  outputs: {},
});

/** What `command: prune` takes. */
export const pruneInputs = {
  "keep-records": integer({
    min: 1,
    max: 1_000,
    default: "5",
    description: "Proven records per environment and release whose checkpoints `command: prune` keeps.",
  }),
};

/** Pruning's own inputs, for itself. */
export const pruneContract = defineContract({
  name: "release",
  title: "",
  description: "",
  inputs: pruneInputs,
  outputs: {},
});

/** What `command: remove` takes. */
export const removeInputs = {
  confirm: text({
    description: "`<release>/<cluster>`: names what `command: remove` takes away.",
    example: "inference/poolside-prod",
  }),
  "remove-data": flag({
    default: "false",
    description: "`command: remove` deletes the release's checkpoints, too; else they are named and kept.",
  }),
};

/** Removal's own inputs, and those of helm-deploy that it acts on. */
export const removeContract = defineContract({
  name: "release",
  title: "",
  description: "",
  inputs: {
    ...removeInputs,
    "helm-version": text({ default: ">=3.12", description: "Which helm to use.", spec: "deploy.helmVersion" }),
    "lock-timeout": duration({
      default: "10m",
      description: "How long to wait for another run's release.",
      spec: "deploy.lockTimeout",
    }),
    "group-name": text({ default: "poolside", description: "Ingress group.", spec: "ingress.groupName" }),
    dns: text({ default: "none", description: "Who writes the hosts' records.", spec: "deploy.dns" }),
    "hosted-zone-id": text({ description: "Zone of the records.", spec: "deploy.hostedZoneId" }),
  },
  outputs: {},
});

/** The inputs of a command that works on a release by itself, without the six. */
export function placeContract(duty: Duty) {
  return defineContract({
    name: "release",
    title: "",
    description: "",
    inputs: { ...clusterInputs(true), ...releaseInputs, ...commonInputs(duty) },
    outputs: {},
  });
}

/** Typed inputs of a command, from the same places as those of an action. */
export function inputsOf<C extends Contract>(contract: C, sources: InputSources): Inputs<C> {
  return loadInputs(contract, { ...sources, given: [] }).inputs;
}
