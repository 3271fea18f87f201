import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Action } from "../../../src/action/action.ts";
import { commonInputs, commonOutputs } from "../../../src/action/common.ts";
import { defineContract, type Inputs, type Outputs } from "../../../src/action/contract.ts";
import { choice, flag, secret, text } from "../../../src/action/inputs.ts";
import { jsonOutput, textOutput } from "../../../src/action/outputs.ts";
import type { Plan } from "../../../src/action/plan.ts";
import { actionNames } from "../../../src/action-names.ts";
import { contract as root } from "../../../src/actions/release/contract.ts";
import type { CliIo, LoadAction } from "../../../src/cli/io.ts";
import { runCli } from "../../../src/cli/run.ts";
import { RemoteError } from "../../../src/errors.ts";

const contract = defineContract({
  name: "release",
  title: "",
  description: "Says a word.",
  inputs: {
    command: choice(["plan", "release", "smoke"], { default: "release", description: "What to do." }),
    word: text({ description: "The `word`.", example: "hello", spec: "aws.account" }),
    loud: flag({ default: "false", description: "In capitals." }),
    "api-key": secret({ description: "The key." }),
    ...commonInputs("plan"),
  },
  outputs: { said: textOutput("What was said."), words: jsonOutput<readonly string[]>("All words."), ...commonOutputs },
});

type Contract = typeof contract;

/** An action that says a word; `fail` and `leak` make it fail and name its key. */
const speaker: Action<Contract, void, void, string, void> = {
  contract,
  connect: async () => undefined,
  observe: async () => undefined,
  plan(inputs: Inputs<Contract>): Plan<string, Outputs<Contract>> {
    const said = `${inputs.command} ${inputs.loud ? (inputs.word ?? "").toUpperCase() : inputs.word}`;
    return { changes: [], endState: {}, outputs: { said, words: said.split(" ") }, work: said };
  },
  apply: async () => undefined,
  async verify(plan, _applied, _clients, ctx) {
    ctx.log.finding({ code: "W", level: "warning", happened: "Mind the gap.", next: "Step over it." });
    if (plan.work.includes("fail"))
      throw new RemoteError("SPEAKER_HOARSE", { happened: "No voice.", next: "Drink tea." });
    return { outputs: { said: plan.work } as Outputs<Contract> };
  },
  report: ({ inputs, outputs }) => ({
    headline: `Said ${outputs?.said ?? "nothing"}.`,
    blocks: [
      { kind: "table", head: ["word", "key"], rows: [[String(outputs?.said), inputs.apiKey?.reveal() ?? ""]] },
      { kind: "diagram", mermaid: "gantt" },
    ],
  }),
};

/** What a command line printed, and its exit code. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const folder = mkdtempSync(join(tmpdir(), "eks-deploy-cli-"));

export function removeFolder(): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Runs a command line in `folder`; every action is the speaker, under its own name. */
export async function run(
  args: readonly string[],
  options: { env?: CliIo["env"]; tty?: boolean; load?: LoadAction } = {},
): Promise<Ran> {
  const written = { stdout: "", stderr: "" };
  const screen = (name: keyof typeof written) => ({
    isTTY: options.tty ?? false,
    columns: 100,
    write(text: string) {
      written[name] += text;
    },
  });
  const load: LoadAction = async () => speaker;
  const io: CliIo = {
    stdout: screen("stdout"),
    stderr: screen("stderr"),
    env: { HOME: folder, GITHUB_WORKSPACE: folder, RUNNER_TEMP: folder, ...options.env },
    folder,
  };
  return { code: await runCli(args, options.load ?? load, io), ...written };
}

export const rootCommands = root.inputs.command.values ?? [];

export const rootInputs = Object.keys(root.inputs);

/** Inputs of the single actions, by name. */
export const stepInputs: ReadonlyMap<string, readonly string[]> = new Map(
  await Promise.all(
    actionNames
      .filter((name) => name !== "release")
      .map(async (name) => {
        const module = await import(`../../../src/actions/${name}/contract.ts`);
        return [name, Object.keys((module as { contract: typeof contract }).contract.inputs)] as const;
      }),
  ),
);
