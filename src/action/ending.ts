import type { EksDeployError } from "../errors.ts";
import type { Outcome } from "./action.ts";
import { changesBlock, failureBlock, headlineBlock } from "./describe.ts";
import type { Change } from "./plan.ts";
import type { Block } from "./summary.ts";

/** How an action ended, for people; a runner shows what its place has not shown yet. */
export interface Ending {
  readonly action: string;
  readonly outcome: Outcome;
  readonly dryRun: boolean;
  readonly headline: string;
  readonly failure: EksDeployError | undefined;
  /** Absent when no plan was reached. */
  readonly changes: readonly Change[] | undefined;
  /** The action's own part, then where the time went. */
  readonly blocks: readonly Block[];
}

/** The whole of it, for a page that stands alone. */
export function summaryOf(ending: Ending): readonly Block[] {
  return [
    ...headlineBlock(ending.action, ending.outcome, ending.headline),
    ...(ending.failure ? [failureBlock(ending.failure)] : []),
    ...(ending.changes ? [changesBlock(ending.changes, ending.dryRun)] : []),
    ...ending.blocks,
  ];
}
