import type { Context } from "../../action/context.ts";
import type { InputSources } from "../../action/load.ts";
import { loadSpec } from "../../spec/load.ts";

/** An environment of the spec, as the commands read it. */
export interface SpecEnvironment {
  readonly name: string | undefined;
  readonly sources: InputSources;
}

/** All environments of the spec; the chosen one with what the user wrote as inputs, the others by the spec alone. Without a spec only the chosen one. */
export async function specEnvironments(
  chosen: string | undefined,
  sources: InputSources,
  ctx: Context,
): Promise<readonly SpecEnvironment[]> {
  const own: SpecEnvironment = { name: chosen, sources };
  const spec = await loadSpec(sources.input("spec"), undefined, ctx);
  const others = (spec?.environments ?? []).filter((name) => name !== chosen);
  return [own, ...(await Promise.all(others.map((name) => other(name, sources, ctx))))];
}

async function other(name: string, sources: InputSources, ctx: Context): Promise<SpecEnvironment> {
  const spec = await loadSpec(sources.input("spec"), name, ctx);
  return {
    name,
    sources: {
      ...sources,
      input: (input) => (input === "environment" ? name : undefined),
      report: () => undefined,
      spec: (path) => spec?.find(path),
    },
  };
}
