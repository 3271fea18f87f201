import type { Action, AnyAction, Finished } from "../action/action.ts";
import type { Contract } from "../action/contract.ts";
import type { Joined } from "./chain.ts";

/** The six actions, as the commands put them together. */
export interface Six {
  readonly pushImages: AnyAction;
  readonly syncCheckpoints: AnyAction;
  readonly ensureIrsa: AnyAction;
  readonly renderValues: AnyAction;
  readonly helmDeploy: AnyAction;
  readonly smokeTest: AnyAction;
}

/** One thing that the root action can do: an action's steps, under the root action's contract. */
export type Command<Clients, Observed, Work, Applied> = Omit<
  Action<Contract, Clients, Observed, Work, Applied>,
  "contract"
>;

/** A command whose own types are not looked at. */
export type AnyCommand = Omit<AnyAction, "contract">;

/** The root action's own inputs; all others are read by whoever acts on them. */
export interface RootInputs {
  readonly command: string;
  readonly dryRun: boolean;
  readonly concurrency: number;
  readonly environment: string | undefined;
}

/** What a command that runs a chain observed: the chain, and when it began. */
export interface ReleaseRun {
  readonly joined: readonly Joined[];
  readonly startedAt: number;
}

/** How a command that runs a chain ended. */
export type Ended = Finished<Contract, ReleaseRun, readonly Joined[], void>;
