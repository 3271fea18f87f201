import type { Finding } from "../../action/context.ts";
import { type Values, valueAt } from "../merge.ts";
import type { Places } from "../places.ts";
import { fullName, type RenderedModel } from "../render.ts";

const modelTypes = ["agent", "agent_small", "completion"];
const usualGpus = [1, 2, 4, 8];
/** Kubernetes' limit for names of Services. */
const longestName = 63;

/** Keys, types, GPUs and prefixes of the finished values. */
export function modelFindings(models: readonly RenderedModel[], values: Values, places: Places): readonly Finding[] {
  const prefix = String(valueAt(values, "fullnameOverride") || fullName);
  const docs = valueAt(values, "docs", "enabled") === true;
  return models.flatMap((model) => [
    ...keyFindings(model.key, prefix, docs, places),
    ...typeFindings(model, places),
    ...gpuFindings(model, places),
    ...prefixFindings(model, places),
  ]);
}

function keyFindings(key: string, prefix: string, docs: boolean, places: Places): readonly Finding[] {
  const name = `${prefix}-${key}`;
  const at = ["models", key];
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(key))
    return [
      wrong(
        `The model key "${key}" is no RFC 1123 label, but becomes part of object names.`,
        'Use lower-case letters, digits and "-" inside.',
        at,
        places,
      ),
    ];
  if (name.length > longestName)
    return [
      wrong(
        `The model key ${key} makes the name ${name}, which has ${name.length} characters; ${longestName} is the limit.`,
        `Shorten it to ${longestName - prefix.length - 1} characters.`,
        at,
        places,
      ),
    ];
  if (docs && key === "docs")
    return [
      wrong(
        "A model has the key docs, the name of the documentation site's objects.",
        "Give the model another key, or turn docs off.",
        at,
        places,
      ),
    ];
  return [];
}

function typeFindings(model: RenderedModel, places: Places): readonly Finding[] {
  if (modelTypes.includes(model.modelType)) return [];
  return [
    wrong(
      `The model ${model.key} has the modelType "${model.modelType}".`,
      `It must be one of ${modelTypes.join(", ")}; Poolside says which.`,
      ["models", model.key, "modelType"],
      places,
    ),
  ];
}

function gpuFindings(model: RenderedModel, places: Places): readonly Finding[] {
  const at = ["models", model.key, "gpus"];
  if (!Number.isInteger(model.gpus) || model.gpus < 1)
    return [wrong(`The model ${model.key} has no whole number of gpus.`, "Set gpus: 1, 2, 4 or 8.", at, places)];
  if (usualGpus.includes(model.gpus)) return [];
  return [
    {
      code: "VALUES_GPUS_UNUSUAL",
      level: "warning",
      happened: `The model ${model.key} asks for ${model.gpus} GPUs; model servers shard over 1, 2, 4 or 8.`,
      next: "Use the number that Poolside gives for the model.",
      at: places(at),
    },
  ];
}

function prefixFindings(model: RenderedModel, places: Places): readonly Finding[] {
  if (/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/[^/].*$/.test(model.prefix)) return [];
  return [
    wrong(
      `The model ${model.key} has the prefix "${model.prefix}".`,
      "It must be s3://<bucket>/<prefix> and not the whole bucket.",
      ["models", model.key, "model"],
      places,
    ),
  ];
}

function wrong(happened: string, next: string, path: readonly string[], places: Places): Finding {
  return { code: "VALUES_MODEL_INVALID", level: "error", happened, next, at: places(path) };
}
