import { type Contract, camel } from "../action/contract.ts";
import type { InputSources } from "../action/load.ts";
import type { Json } from "../canonical.ts";
import type { ReleaseRecord } from "../record/record.ts";

/** Every plain input of an action that had a value, as `<action>.<input>`, with its origin. Secrets and sources (which may be presigned URLs) stay out. */
export function resolvedInputs(
  contract: Contract,
  inputs: Readonly<Record<string, unknown>>,
  sources: InputSources,
): ReleaseRecord["resolved"] {
  const resolved: Record<string, { value: Json; origin: string }> = {};
  for (const [name, input] of Object.entries(contract.inputs)) {
    const value = inputs[camel(name)];
    if (input.secret || value === undefined || typeof value === "object") continue;
    resolved[`${contract.name}.${name}`] = { value: value as Json, origin: originOf(name, input.spec, sources) };
  }
  return resolved;
}

function originOf(name: string, spec: Contract["inputs"][string]["spec"], sources: InputSources): string {
  if (sources.input(name)) return `input ${name}`;
  const located = typeof spec === "string" ? sources.spec(spec) : spec?.(sources.spec, sources.input);
  return located?.origin ?? "default";
}
