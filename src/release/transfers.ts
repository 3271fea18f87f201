import type { Joined } from "./chain.ts";

/** What a workflow needs to know of a plan, so that jobs of their own move the bytes before the release is approved. */
export interface Transfers {
  /** No step waits for a source that must be read first. */
  readonly planComplete: boolean;
  readonly transferImages: boolean;
  /** Keys of the models whose checkpoints are sent, for a matrix. */
  readonly transferModels: readonly string[];
}

/** Which transfers the links plan. */
export function transfersOf(chain: readonly Pick<Joined, "name" | "inputs" | "plan">[]): Transfers {
  const changesOf = (name: string) => chain.find((joined) => joined.name === name)?.plan.changes ?? [];
  const prefixes = chain.find((joined) => joined.name === "sync-checkpoints")?.plan.outputs["prefixes"] ?? {};
  const changing = new Set(changesOf("sync-checkpoints").map((change) => change.name));
  return {
    planComplete: chain.every((joined) => joined.inputs !== undefined),
    transferImages: changesOf("push-images").length > 0,
    transferModels: Object.entries(prefixes as Readonly<Record<string, string>>)
      .filter(([, uri]) => changing.has(uri.replace(/\/+$/, "")))
      .map(([key]) => key),
  };
}
