import { InputProblem } from "../action/contract.ts";

export const modelTypes = ["agent", "agent_small", "completion"] as const;
export type ModelType = (typeof modelTypes)[number];

/** A model as render-values tells of it, and as a smoke test asks it. */
export interface Target {
  readonly key: string;
  readonly host: string;
  /** Base URL, `https://<host>/v1`. */
  readonly url: string;
  readonly modelName: string;
  readonly modelType: ModelType;
}

/** Reads the list `rendered-models`, or a map by key as the spec has it (`host`, `modelName`, `modelType`). */
export function asTargets(value: unknown): readonly Target[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.map((item) => target(undefined, item));
  if (typeof value === "object") return Object.entries(value).map(([key, item]) => target(key, item));
  throw new InputProblem("must be the list rendered-models, or a map of models by key");
}

function target(name: string | undefined, item: unknown): Target {
  if (typeof item !== "object" || item === null) throw new InputProblem("must hold a map per model");
  const map = item as Record<string, unknown>;
  const key = name ?? word(map, "key", "?");
  const host = word(map, "host", key).toLowerCase().replace(/\.$/, "");
  const modelType = word(map, "modelType", key);
  if (!modelTypes.includes(modelType as ModelType)) {
    throw new InputProblem(`gives ${key} the modelType "${modelType}"; it must be one of ${modelTypes.join(", ")}`);
  }
  return {
    key,
    host,
    url: `https://${host}/v1`,
    modelName: word(map, "modelName", key),
    modelType: modelType as ModelType,
  };
}

function word(map: Readonly<Record<string, unknown>>, field: string, key: string): string {
  const value = map[field];
  if (typeof value !== "string" || value === "") throw new InputProblem(`has no ${field} for the model ${key}`);
  return value;
}
