import type { Contract } from "../action/contract.ts";
import type { InputSources } from "../action/load.ts";
import { digestOf, type Json } from "../canonical.ts";

/** Inputs that say how or where a step runs, not what comes of it; those of sources are told by the sources' identity. */
const incidental = new Set([
  "spec",
  "reports",
  "records",
  "from-record",
  "dry-run",
  "approved-plan",
  "fail-on-changes",
  "role-to-assume",
  "concurrency",
  "bundle",
  "chart",
  "output",
  "values-file",
]);

/** Digest of what the user wants of a step, from input or spec: it stands for a step that cannot be planned before a source is read. Secrets stay out. */
export function wishDigest({ inputs }: Contract, sources: InputSources): string {
  const wish: Record<string, Json> = {};
  for (const [name, { secret, spec }] of Object.entries(inputs)) {
    if (secret || incidental.has(name)) continue;
    const located = typeof spec === "string" ? sources.spec(spec) : spec?.(sources.spec, sources.input);
    const value = sources.input(name) || located?.value;
    if (value !== undefined && value !== "") wish[name] = value as Json;
  }
  return digestOf(wish);
}
