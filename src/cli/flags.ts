import { parseArgs } from "node:util";
import type { AnyInput, Contract } from "../action/contract.ts";
import { nearest } from "../nearest.ts";
import { usage } from "./usage.ts";

/** Options that every command takes beside inputs. */
export interface Switches {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

/** A command line, taken apart. */
export interface Parsed extends Switches {
  readonly words: readonly string[];
  readonly inputs: Readonly<Record<string, string>>;
  /** Values of secret inputs, for masks. */
  readonly secrets: readonly string[];
}

const switches = {
  json: { type: "boolean" },
  verbose: { type: "boolean", short: "v" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
} as const;

type Env = Readonly<Record<string, string | undefined>>;

/** The words before the first option, and the switches: enough to choose a command. */
export function firstLook(args: readonly string[]): Parsed {
  const { tokens } = parseArgs({ args: [...args], options: switches, strict: false, tokens: true });
  const first = tokens.findIndex((token) => token.kind !== "positional");
  const before = first < 0 ? tokens : tokens.slice(0, first);
  const given = new Set(tokens.flatMap((token) => (token.kind === "option" ? [token.name] : [])));
  return {
    words: before.flatMap((token) => (token.kind === "positional" ? [token.value] : [])),
    inputs: {},
    secrets: [],
    json: given.has("json"),
    verbose: given.has("verbose"),
    help: given.has("help"),
    version: given.has("version"),
  };
}

/**
 * The whole line against the inputs of a contract. A flag needs no value. A secret is never written on a command line, where every user of the
 * machine can read it: its option takes `env:NAME`.
 */
export function parseFlags(args: readonly string[], inputs: Contract["inputs"], env: Env): Parsed {
  const options = {
    ...Object.fromEntries(
      Object.entries(inputs).map(([name, input]) => [
        name,
        {
          type: input.type === "flag" ? ("boolean" as const) : ("string" as const),
          ...(name === "environment" ? { short: "e" } : {}),
        },
      ]),
    ),
    ...switches,
  };
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const values: Record<string, string> = {};
  const secrets: string[] = [];
  const words: string[] = [];
  const seen = new Set<string>();
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value } = token;
    if (seen.has(name))
      throw usage(`${rawName} is given twice.`, "Give it once; lists and maps are one value, as YAML.");
    seen.add(name);
    if (name in switches) continue;
    const input = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    if (!input) throw unknownOption(rawName, Object.keys(options));
    const text = textOf(rawName, input, value);
    values[name] = input.secret ? secretOf(name, text, env) : text;
    if (input.secret) secrets.push(values[name]);
  }
  const { json, verbose, help, version } = firstLook(args);
  return { words, inputs: values, secrets, json, verbose, help, version };
}

function textOf(rawName: string, input: AnyInput, value: string | undefined): string {
  if (value !== undefined && value !== "") return value;
  if (value === undefined && input.type === "flag") return "true";
  throw usage(`${rawName} has no value.`, `Write ${rawName} ${input.example ?? "<value>"}`);
}

function secretOf(name: string, text: string, env: Env): string {
  const variable = /^env:(\w+)$/.exec(text)?.[1];
  if (!variable)
    throw usage(
      `--${name} is a secret, and a command line is no place for it.`,
      `Put it into a variable and name that: --${name} env:NAME`,
    );
  const value = env[variable];
  if (!value) throw usage(`--${name} names the variable ${variable}, which is not set.`, `export ${variable}=...`);
  return value;
}

function unknownOption(rawName: string, known: readonly string[]): Error {
  const near = nearest(rawName.replace(/^-+/, ""), known);
  return usage(
    `There is no option ${rawName}.`,
    near ? `Did you mean --${near}?` : "List the options: eks-deploy <command> --help",
  );
}
