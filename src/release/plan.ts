import type { Plan } from "../action/plan.ts";
import type { Json } from "../canonical.ts";
import { type Joined, outputsOf } from "./chain.ts";
import { type Transfers, transfersOf } from "./transfers.ts";

/** One plan for all links: their changes in order, their end states by name. */
export function planOfChain(chain: readonly Joined[]): Plan<readonly Joined[], Record<string, unknown> & Transfers> {
  return {
    changes: chain.flatMap((joined) => joined.plan.changes),
    endState: Object.fromEntries(chain.map((joined) => [joined.name, joined.plan.endState])) as Json,
    outputs: { ...outputsOf(chain), ...transfersOf(chain) },
    work: chain,
  };
}
