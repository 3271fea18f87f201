import type { Plan } from "../action/plan.ts";
import type { Json } from "../canonical.ts";
import { type Joined, outputsOf } from "./chain.ts";
import { type Transfers, transfersOf } from "./transfers.ts";

/** One plan for all links: their changes in order, their end states by name. */
export function planOfChain(chain: readonly Joined[]): Plan<readonly Joined[], Record<string, unknown> & Transfers> {
  const unread = chain.some((joined) => joined.unreadState !== undefined);
  return {
    changes: chain.flatMap((joined) => joined.plan.changes),
    endState: Object.fromEntries(chain.map(({ name, plan }) => [name, plan.endState])) as Json,
    ...(unread
      ? {
          unreadState: Object.fromEntries(
            chain.map((joined) => [joined.name, joined.unreadState ?? joined.plan.endState]),
          ),
        }
      : {}),
    outputs: { ...outputsOf(chain), ...transfersOf(chain) },
    work: chain,
  };
}
