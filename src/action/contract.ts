import type { Position } from "../errors.ts";
import type { Ambient } from "./context.ts";

/** A value and where the user wrote it (`eks-deploy.yaml:12:5`, `input bucket`, a report's path). */
export interface Located {
  readonly value: unknown;
  readonly origin: string;
  /** For annotations on the line. */
  readonly at?: Position;
}

/** Looks a dotted path of the resolved spec up. */
export type SpecFinder = (path: string) => Located | undefined;

/** What a spec pick may look at besides the spec: raw inputs that decide which key holds (`dry-run`). */
export type RawInput = (name: string) => string | undefined;

/** An input: how it is written, what it means, where its value comes from when it is not given. Order: input, report, spec, default. */
export interface Input<T> {
  /** Shown in the README's table: `text`, `choice`, `duration`, ... */
  readonly type: string;
  readonly description: string;
  readonly example?: string;
  /** As a user would write it. */
  readonly default?: string;
  readonly required?: boolean;
  readonly secret?: boolean;
  /** Allowed values of a choice. */
  readonly values?: readonly string[];
  /** Key of the spec, or a function where it is gathered from several keys. */
  readonly spec?: string | ((find: SpecFinder, raw: RawInput) => Located | undefined);
  /** `<action>.<output>` of an earlier action, found in `reports` or in the same chain. */
  readonly report?: string;
  /** What to use instead. */
  readonly deprecated?: string;
  /** From text (an input) or data (spec, report) to the value; throws `InputProblem`. */
  readonly parse: (raw: unknown, ambient: Ambient) => T;
}

/** An output: always text for GitHub; typed inside. */
export interface Output<T> {
  readonly type: "text" | "json" | "flag" | "integer";
  readonly description: string;
  /** Only carries the type. */
  readonly sample?: T;
}

// biome-ignore lint/suspicious/noExplicitAny: the value types of a contract's members differ and are recovered by Inputs<C>
export type AnyInput = Input<any>;

/** What users see of an action, said once; action.yml, README tables and flags come from it. */
export interface Contract {
  readonly name: string;
  /** Title of action.yml. */
  readonly title: string;
  /** One sentence, at most 125 characters (the Marketplace's limit). */
  readonly description: string;
  readonly inputs: Readonly<Record<string, AnyInput>>;
  readonly outputs: Readonly<Record<string, Output<unknown>>>;
}

/** `role-to-assume` -> `roleToAssume`. */
export type Camel<S extends string> = S extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;

/** The typed, frozen inputs of a contract. */
export type Inputs<C extends Contract> = {
  readonly [K in keyof C["inputs"] & string as Camel<K>]: C["inputs"][K] extends Input<infer T> ? T : never;
};

/** The typed outputs of a contract. */
export type Outputs<C extends Contract> = {
  readonly [K in keyof C["outputs"] & string as Camel<K>]: C["outputs"][K] extends Output<infer T> ? T : never;
};

export function defineContract<const C extends Contract>(contract: C): C {
  return contract;
}

/** What is wrong with one input's value, without its name: the loader adds name and origin. */
export class InputProblem extends Error {
  override readonly name = "InputProblem";
}

export function camel(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
