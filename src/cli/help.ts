import type { AnyInput, Contract } from "../action/contract.ts";
import { wrap } from "../runner/terminal-blocks.ts";
import { commands, steps } from "./commands.ts";

/** Descriptions begin in this column, or on the next line. */
const column = 30;

/** `eks-deploy --help`. `known`: the commands that the root action has. */
export function generalHelp(known: readonly string[], describe: (step: string) => string, width: number): string {
  return [
    "Release Poolside models on Amazon EKS.",
    "",
    "Usage: eks-deploy <command> [-e environment] [--input value ...]",
    "",
    "Commands",
    ...known
      .toSorted((a, b) => order(a) - order(b))
      .flatMap((name) => entry(name, commands[name]?.summary ?? "", width)),
    ...entry("record diff <from> <to>", "Show what two release records say differently.", width),
    ...entry("spec init | check | explain", "Write a first spec, check it, explain a key.", width),
    "",
    "Single steps",
    ...steps.flatMap((name) => entry(name, describe(name), width)),
    "",
    ...switchHelp(width),
    "",
    "eks-deploy <command> --help lists the inputs of a command. Exit codes: 0 done, 1 failed, 2 wrong command line.",
  ].join("\n");
}

function order(name: string): number {
  const at = Object.keys(commands).indexOf(name);
  return at < 0 ? Number.POSITIVE_INFINITY : at;
}

/** `eks-deploy <command> --help`: written from the contract. */
export function commandHelp(
  word: string,
  summary: string,
  inputs: Contract["inputs"],
  shown: { readonly own: readonly string[]; readonly common: readonly string[] },
  width: number,
): string {
  const list = (names: readonly string[]) =>
    names.flatMap((name) => (inputs[name] ? inputHelp(name, inputs[name], width) : []));
  return [
    summary,
    "",
    `Usage: eks-deploy ${word} [-e environment] [--input value ...]`,
    ...(shown.own.length > 0 ? ["", "Inputs", ...list(shown.own)] : []),
    "",
    "Inputs of every command",
    ...list(shown.common),
    "",
    ...switchHelp(width),
  ].join("\n");
}

function inputHelp(name: string, input: AnyInput, width: number): readonly string[] {
  const value = input.secret
    ? " env:NAME"
    : input.type === "flag"
      ? offOf(input)
      : ` <${input.values?.join("|") ?? input.type}>`;
  const facts = [
    input.description.replaceAll("`", ""),
    ...(input.default ? [`Default: ${input.default.replace(/\.$/, "")}.`] : []),
    ...(typeof input.spec === "string" ? [`Spec: ${input.spec}.`] : []),
    ...(input.deprecated ? [`Deprecated: ${input.deprecated}`] : []),
  ];
  const short = name === "environment" ? "-e, " : "";
  return entry(`${short}--${name}${value}`, facts.join(" "), width);
}

/** What a flag is written for: one that is on by itself is turned off. */
function offOf(input: AnyInput): string {
  return input.default === "true" ? "=false" : "";
}

function switchHelp(width: number): readonly string[] {
  return [
    "Options",
    ...entry("--json", "Print the outputs as JSON; the log goes to standard error.", width),
    ...entry("-v, --verbose", "Show retries and other details.", width),
    ...entry("-h, --help", "Show this.", width),
    ...entry("--version", "Show the version.", width),
  ];
}

function entry(name: string, text: string, width: number): readonly string[] {
  const lines = wrap(text, Math.max(30, width - column));
  const head = `  ${name}`;
  if (head.length > column - 2) return [head, ...lines.map((line) => " ".repeat(column) + line)];
  return lines.map((line, index) => (index === 0 ? head.padEnd(column) : " ".repeat(column)) + line);
}
