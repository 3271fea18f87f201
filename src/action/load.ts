import { InternalError, type Problem, UserError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import type { Ambient, Finding } from "./context.ts";
import {
  type AnyInput,
  type Contract,
  camel,
  InputProblem,
  type Inputs,
  type Located,
  type RawInput,
  type SpecFinder,
} from "./contract.ts";

/** Where values come from, in this order: input, report, spec, default. */
export interface InputSources {
  readonly input: RawInput;
  /** Names that the user gave, to find misspelt ones. */
  readonly given: readonly string[];
  /** `<action>.<output>` of an earlier action. */
  readonly report: (reference: string) => Located | undefined;
  readonly spec: SpecFinder;
  readonly ambient: Ambient;
}

export interface LoadedInputs<C extends Contract> {
  readonly inputs: Inputs<C>;
  /** Misspelt and deprecated inputs. */
  readonly findings: readonly Finding[];
  /** Input name -> where its value came from (`input`, `report ...`, `eks-deploy.yaml:12:5`, `default`). */
  readonly origins: Readonly<Record<string, string>>;
}

/** All inputs of a contract, typed and frozen; or one `INPUT_INVALID` that lists everything wrong at once. */
export function loadInputs<C extends Contract>(contract: C, sources: InputSources): LoadedInputs<C> {
  const problems: Problem[] = [];
  const values: Record<string, unknown> = {};
  const origins: Record<string, string> = {};
  for (const [name, input] of Object.entries(contract.inputs)) {
    const located = locate(name, input, sources);
    if (!located) {
      if (input.required) problems.push({ happened: missing(name, input) });
      values[camel(name)] = undefined;
      continue;
    }
    origins[name] = located.origin;
    try {
      values[camel(name)] = input.parse(located.value, sources.ambient);
    } catch (thrown) {
      if (!(thrown instanceof InputProblem)) throw thrown;
      problems.push({ happened: `${name} ${thrown.message} (from ${located.origin})`, at: located.at });
    }
  }
  if (problems.length > 0) throw invalid(contract, problems);
  return { inputs: Object.freeze(values) as Inputs<C>, findings: doubts(contract, sources), origins };
}

function locate(name: string, input: AnyInput, sources: InputSources): Located | undefined {
  const raw = sources.input(name);
  if (raw !== undefined && raw !== "") return { value: raw, origin: `input ${name}` };
  const reported = input.report ? sources.report(input.report) : undefined;
  if (reported) return reported;
  const spec = typeof input.spec === "string" ? sources.spec(input.spec) : input.spec?.(sources.spec, sources.input);
  if (spec && spec.value !== null && spec.value !== undefined) return spec;
  return input.default === undefined ? undefined : { value: input.default, origin: "default" };
}

function missing(name: string, input: AnyInput): string {
  const places = [`the input ${name}`];
  if (typeof input.spec === "string") places.push(`${input.spec} in the spec`);
  if (input.report) places.push(`the output ${input.report.split(".")[1]} of ${input.report.split(".")[0]}`);
  return `${name} is missing: give ${places.join(" or ")}${input.example ? `, for example ${input.example}` : ""}`;
}

function invalid(contract: Contract, problems: readonly Problem[]): UserError {
  const [first] = problems;
  if (!first) throw new InternalError("INTERNAL", { happened: "no problem to report", next: "" });
  const happened =
    problems.length === 1
      ? `${contract.name}: ${first.happened}.`
      : `${contract.name}: ${problems.length} inputs are wrong:\n${problems.map((problem) => `  - ${problem.happened}`).join("\n")}`;
  return new UserError("INPUT_INVALID", {
    happened,
    next: `Nothing was written. All inputs with their meaning: https://github.com/poolside/eks-deploy#${contract.name}`,
    at: first.at,
    problems,
  });
}

function doubts(contract: Contract, sources: InputSources): Finding[] {
  const known = Object.keys(contract.inputs);
  const findings: Finding[] = [];
  for (const name of sources.given) {
    const input = contract.inputs[name];
    if (input?.deprecated && sources.input(name)) {
      findings.push({
        code: "INPUT_DEPRECATED",
        level: "warning",
        happened: `The input ${name} is deprecated.`,
        next: input.deprecated,
      });
    }
    if (input) continue;
    const near = nearest(name, known);
    findings.push({
      code: "INPUT_UNKNOWN",
      level: "warning",
      happened: `${contract.name} has no input ${name}; it is ignored.`,
      next: near ? `Did you mean ${near}?` : `Its inputs are ${known.join(", ")}.`,
    });
  }
  return findings;
}
