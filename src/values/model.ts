import { InputProblem } from "../action/contract.ts";

/** A model as the spec or the input `models` gives it. What is wrong with its values is the checks' business; here only its shape counts. */
export interface WantedModel {
  readonly key: string;
  /** S3 prefix that is there already, as it was written; absent where sync-checkpoints makes it. */
  readonly prefix: string | undefined;
  readonly modelName: string;
  readonly modelType: string;
  readonly gpus: number;
  readonly host: string;
  readonly extraHosts: readonly string[];
  /** Chart values of this model, merged last. */
  readonly values: Readonly<Record<string, unknown>>;
}

const fields = ["checkpoint", "prefix", "modelName", "modelType", "gpus", "host", "extraHosts", "values"];

/** Reads the map of models by key, sorted by key, so that the order in which a spec names them changes nothing. */
export function asModels(value: unknown): readonly WantedModel[] {
  if (!isMap(value)) throw new InputProblem("must be a map of models by key");
  const keys = Object.keys(value).sort();
  if (keys.length === 0) throw new InputProblem("names no model");
  return keys.map((key) => modelOf(key, value[key]));
}

function modelOf(key: string, item: unknown): WantedModel {
  if (!isMap(item)) throw new InputProblem(`must hold a map for the model ${key}`);
  for (const field of Object.keys(item))
    if (!fields.includes(field))
      throw new InputProblem(`gives ${key} the key ${field}; there are ${fields.join(", ")}`);
  const { gpus, extraHosts = [], values = {}, prefix } = item;
  if (typeof gpus !== "number" || !Number.isInteger(gpus) || gpus < 1)
    throw new InputProblem(`gives ${key} no whole number of gpus; it is never guessed`);
  if (!Array.isArray(extraHosts) || extraHosts.some((host) => typeof host !== "string"))
    throw new InputProblem(`gives ${key} extraHosts that are no list of host names`);
  if (!isMap(values ?? {})) throw new InputProblem(`gives ${key} values that are no map`);
  return {
    key,
    prefix: prefix === undefined || prefix === null ? undefined : word(item, "prefix", key),
    modelName: word(item, "modelName", key),
    modelType: word(item, "modelType", key),
    gpus,
    host: word(item, "host", key),
    extraHosts: extraHosts as readonly string[],
    values: (values ?? {}) as Readonly<Record<string, unknown>>,
  };
}

function word(item: Readonly<Record<string, unknown>>, field: string, key: string): string {
  const value = item[field];
  if (typeof value !== "string" || value === "") throw new InputProblem(`has no ${field} for the model ${key}`);
  return value;
}

/** A plain map, not a list and not null. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads free chart values. */
export function asValues(value: unknown): Readonly<Record<string, unknown>> {
  if (value === null || value === undefined) return {};
  if (!isMap(value)) throw new InputProblem("must be a map of chart values");
  return value;
}
