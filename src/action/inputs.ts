import { type Input, InputProblem, type Located, type RawInput, type SpecFinder } from "./contract.ts";
import { Secret } from "./secret.ts";
import { asTextList, asTextMap, structured } from "./structured.ts";

/** What every builder takes. */
export interface InputOptions {
  readonly description: string;
  readonly example?: string;
  readonly default?: string;
  readonly required?: boolean;
  readonly spec?: string | ((find: SpecFinder, raw: RawInput) => Located | undefined);
  readonly report?: string;
  readonly deprecated?: string;
}

/** A value is always there when it is required or has a default. */
type Filled<O, T> = O extends { readonly required: true } | { readonly default: string } ? T : T | undefined;

function plain(raw: unknown): string {
  if (raw === null || typeof raw === "object") throw new InputProblem("must be plain text");
  return String(raw).trim();
}

/** Text; `check` throws `InputProblem` where a rule of the field is broken. */
export function text<const O extends InputOptions & { check?: (value: string) => void }>(
  options: O,
): Input<Filled<O, string>> {
  const { check, ...rest } = options;
  const parse = (raw: unknown) => {
    const value = plain(raw);
    check?.(value);
    return value;
  };
  return { type: "text", ...rest, parse } as Input<Filled<O, string>>;
}

/** One of a closed set. */
export function choice<const V extends readonly string[], const O extends InputOptions>(
  values: V,
  options: O,
): Input<Filled<O, V[number]>> {
  const parse = (raw: unknown) => {
    const value = plain(raw);
    if (!values.includes(value)) throw new InputProblem(`must be one of ${values.join(", ")}; it is "${value}"`);
    return value;
  };
  return { type: "choice", values, ...options, parse } as Input<Filled<O, V[number]>>;
}

/** `true` or `false`, in GitHub's spellings. */
export function flag<const O extends InputOptions>(options: O): Input<Filled<O, boolean>> {
  const parse = (raw: unknown) => {
    const value = plain(raw).toLowerCase();
    if (value !== "true" && value !== "false") throw new InputProblem(`must be true or false; it is "${value}"`);
    return value === "true";
  };
  return { type: "flag", ...options, parse } as Input<Filled<O, boolean>>;
}

/** A whole number within bounds. */
export function integer<const O extends InputOptions & { min: number; max: number }>(
  options: O,
): Input<Filled<O, number>> {
  const { min, max, ...rest } = options;
  const parse = (raw: unknown) => {
    const value = Number(plain(raw));
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new InputProblem(`must be a whole number from ${min} to ${max}; it is "${raw}"`);
    }
    return value;
  };
  return { type: "integer", ...rest, parse } as Input<Filled<O, number>>;
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration as `90s`, `60m`, `24h`, `14d` or `1h30m`; the value is milliseconds. */
export function duration<const O extends InputOptions>(options: O): Input<Filled<O, number>> {
  return { type: "duration", ...options, parse: parseDuration } as Input<Filled<O, number>>;
}

function parseDuration(raw: unknown): number {
  const value = plain(raw);
  if (!/^(\d+(ms|s|m|h|d))+$/.test(value))
    throw new InputProblem(`must be a duration such as 90s, 60m or 24h; it is "${value}"`);
  let total = 0;
  for (const [, count, unit] of value.matchAll(/(\d+)(ms|s|m|h|d)/g)) total += Number(count) * units[unit!]!;
  return total;
}

const sizes: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/** A size as `256MiB`; the value is bytes. */
export function bytes<const O extends InputOptions>(options: O): Input<Filled<O, number>> {
  const parse = (raw: unknown) => {
    const match = /^(\d+) ?(B|KiB|MiB|GiB|TiB)?$/.exec(plain(raw));
    if (!match) throw new InputProblem(`must be a size such as 16MiB or 1GiB; it is "${raw}"`);
    return Number(match[1]) * sizes[match[2] ?? "B"]!;
  };
  return { type: "size", ...options, parse } as Input<Filled<O, number>>;
}

/** A list of texts: YAML, or separated by commas. Empty when not given. */
export function list<const O extends InputOptions>(options: O): Input<readonly string[]> {
  return { type: "list", default: "", ...options, parse: asTextList };
}

/** A map of text to text: YAML, or `key=value` lines. Empty when not given. */
export function map<const O extends InputOptions>(options: O): Input<Readonly<Record<string, string>>> {
  return { type: "map", default: "", ...options, parse: asTextMap };
}

/** Any YAML data, shaped by `as`, which throws `InputProblem`. */
export function data<T, const O extends InputOptions>(as: (value: unknown) => T, options: O): Input<Filled<O, T>> {
  return { type: "YAML", ...options, parse: (raw: unknown) => as(structured(raw)) } as Input<Filled<O, T>>;
}

/** A secret: masked before anything else happens, and never printed. */
export function secret(options: InputOptions): Input<Secret | undefined> {
  const parse = (raw: unknown) => {
    const value = raw instanceof Secret ? raw.reveal() : plain(raw);
    return value === "" ? undefined : new Secret(value);
  };
  return { type: "secret", secret: true, ...options, parse };
}
