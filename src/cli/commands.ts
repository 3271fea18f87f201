import type { Contract } from "../action/contract.ts";
import { type ActionName, actionNames } from "../action-names.ts";
import { nearest } from "../nearest.ts";
import { usage } from "./usage.ts";

/** What `--help` says of a command of the root action. */
interface About {
  readonly summary: string;
  /** Actions whose inputs the command reads. */
  readonly of: readonly ActionName[];
  /** Inputs that are its own. */
  readonly own?: readonly string[];
}

const chain = ["push-images", "sync-checkpoints", "ensure-irsa", "render-values", "helm-deploy", "smoke-test"] as const;
const place = ["cluster", "kubeconfig", "context", "namespace", "release"];

/** The commands of the root action, in the order in which people meet them. */
export const commands: Readonly<Record<string, About>> = {
  plan: { summary: "Show what a release would change; writes nothing.", of: chain, own: ["concurrency"] },
  preflight: { summary: "Check cluster, account and inputs before a release.", of: ["render-values", "helm-deploy"] },
  release: { summary: "Push, sync, authorise, render, deploy and prove.", of: chain, own: ["concurrency"] },
  smoke: { summary: "Prove that the models answer.", of: ["smoke-test"], own: ["environments"] },
  status: { summary: "Say what runs, since when, and from which record.", of: [], own: place },
  diagnose: { summary: "Say why models do not come up, and what to do.", of: [], own: place },
  promote: {
    summary: "Release in one environment what was proven in another.",
    of: chain,
    own: ["from", "to", "min-soak", "max-age", "copy", "concurrency"],
  },
  rollback: { summary: "Go back to the last proven release, or to a named record.", of: ["helm-deploy", "smoke-test"] },
  record: { summary: "Write the release record from the reports of single actions.", of: [], own: place },
  prune: {
    summary: "Remove checkpoint versions that nothing refers to.",
    of: [],
    own: ["bucket", "prefix", ...place, "keep-records"],
  },
  remove: {
    summary: "Take a release away; data only when told.",
    of: [],
    own: [...place, "confirm", "remove-data"],
  },
};

/** What a word on the command line runs: an action, and for the root action its command. */
export interface Chosen {
  readonly action: ActionName;
  readonly command: string | undefined;
}

/** The single actions; the root action goes by its commands. */
export const steps = actionNames.filter((name) => name !== "release");

/** `word` as a command of the root action (`known` are those that it has) or as a single action. */
export function choose(word: string, known: readonly string[]): Chosen {
  if (known.includes(word)) return { action: "release", command: word };
  const step = steps.find((name) => name === word);
  if (step) return { action: step, command: undefined };
  const near = nearest(word, [...known, ...steps, "spec"]);
  throw usage(
    `There is no command ${word}.`,
    near ? `Did you mean: eks-deploy ${near}` : "List the commands: eks-deploy --help",
  );
}

/** Names of the inputs that `--help` of a command shows: of an action its own, of the root action those that the command reads. */
export function inputsOf(
  { command }: Chosen,
  contract: Contract,
  contractOf: (name: ActionName) => Contract,
  common: ReadonlySet<string>,
): { readonly own: readonly string[]; readonly common: readonly string[] } {
  const about = command === undefined ? undefined : commands[command];
  const wanted = new Set(about?.of.flatMap((name) => Object.keys(contractOf(name).inputs)));
  for (const name of about?.own ?? []) wanted.add(name);
  const first = about?.own ?? [];
  const names = Object.keys(contract.inputs)
    .filter((name) => name !== "command")
    .toSorted((a, b) => Number(first.includes(b)) - Number(first.includes(a)));
  return {
    own: names.filter((name) => !common.has(name) && (!about || wanted.has(name))),
    common: names.filter((name) => common.has(name)),
  };
}
