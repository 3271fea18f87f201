import type { AnyAction } from "../action/action.ts";
import { commonInputs } from "../action/common.ts";
import type { Contract } from "../action/contract.ts";
import { runAction } from "../action/run.ts";
import { asEksDeployError, type EksDeployError } from "../errors.ts";
import { createTerminalRunner, errorText, type Paint, painter } from "../runner/terminal.ts";
import { toolVersion } from "../version.ts";
import { type Chosen, choose, commands, inputsOf, steps } from "./commands.ts";
import { firstLook, type Parsed, parseFlags } from "./flags.ts";
import { commandHelp, generalHelp } from "./help.ts";
import type { CliIo, LoadAction } from "./io.ts";
import { outputsAsData } from "./json.ts";
import { isRecordDiff, recordDiff } from "./record.ts";
import { runSpec } from "./spec.ts";
import { usage } from "./usage.ts";

/** Runs one command line; gives the exit code: 0 done, 1 failed, 2 the command line is wrong. Never throws. */
export async function runCli(args: readonly string[], load: LoadAction, io: CliIo): Promise<number> {
  try {
    return await run(args, load, io);
  } catch (thrown) {
    const error = asEksDeployError(thrown);
    io.stderr.write(`${told(error, painter(io.stderr))}\n`);
    return error.code === "CLI_USAGE" ? 2 : 1;
  }
}

/** Each problem on its line of the user's file, where all have one; else the error as a whole. */
function told({ code, problems, happened, next, at }: EksDeployError, paint: Paint): string {
  if (problems.length === 0 || problems.some((problem) => !problem.at))
    return errorText(code, `${happened}\n${next}`, at, paint);
  return [...problems.map((problem) => errorText(code, problem.happened, problem.at, paint)), next].join("\n");
}

async function run(args: readonly string[], load: LoadAction, io: CliIo): Promise<number> {
  const look = firstLook(args);
  const [word] = look.words;
  if (look.version) return say(io, toolVersion);
  if (word === "spec") return runSpec(args, load, io);
  if (isRecordDiff(look.words)) return recordDiff(args, io);
  const known = (await load("release")).contract.inputs["command"]?.values ?? [];
  if (word === undefined) {
    const help = await helpOfAll(known, load, io);
    if (look.help) return say(io, help);
    throw usage(args.length === 0 ? "No command was given." : "The command comes first.", help);
  }
  const chosen = choose(word, known);
  const action = await load(chosen.action);
  if (look.help) return say(io, await helpOf(word, chosen, action.contract, load, io));
  const { command: _, ...inputs } = action.contract.inputs as Contract["inputs"];
  const parsed = parseFlags(args, inputs, io.env);
  const [, surplus] = parsed.words;
  if (surplus !== undefined) throw usage(`${surplus} is neither an option nor its value.`, `eks-deploy ${word} --help`);
  return runOn(action, chosen, parsed, io);
}

async function runOn(action: AnyAction, { command }: Chosen, parsed: Parsed, io: CliIo): Promise<number> {
  const screen = parsed.json ? io.stderr : io.stdout;
  const inputs = { ...parsed.inputs, ...(command === undefined ? {} : { command }) };
  const runner = createTerminalRunner({ inputs, env: io.env, screen, verbose: parsed.verbose }, parsed.secrets);
  await runAction(action, runner);
  runner.cancellation.dispose();
  if (parsed.json)
    io.stdout.write(`${JSON.stringify(outputsAsData(runner.outputs, action.contract.outputs), null, 2)}\n`);
  return runner.failed ? 1 : 0;
}

function say(io: CliIo, text: string): number {
  io.stdout.write(`${text}\n`);
  return 0;
}

async function helpOfAll(known: readonly string[], load: LoadAction, io: CliIo): Promise<string> {
  const contracts = await contractsOf(load);
  return generalHelp(known, (name) => contracts.get(name)?.description ?? "", io.stdout.columns);
}

async function helpOf(word: string, chosen: Chosen, contract: Contract, load: LoadAction, io: CliIo): Promise<string> {
  const contracts = await contractsOf(load);
  const common = new Set(Object.keys(commonInputs("plan")));
  const shown = inputsOf(chosen, contract, (name) => contracts.get(name) ?? contract, common);
  const summary = (chosen.command && commands[chosen.command]?.summary) || contract.description;
  return commandHelp(word, summary, contract.inputs, shown, io.stdout.columns);
}

async function contractsOf(load: LoadAction): Promise<ReadonlyMap<string, Contract>> {
  return new Map(await Promise.all(steps.map(async (name) => [name, (await load(name)).contract] as const)));
}
