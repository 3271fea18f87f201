import type { AnyAction } from "../action/action.ts";
import type { ActionName } from "../action-names.ts";
import type { Screen } from "../runner/terminal.ts";

/** What the command line runs in. */
export interface CliIo {
  readonly stdout: Screen;
  readonly stderr: Screen;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Working directory. */
  readonly folder: string;
}

/** Loads an action by its name. */
export type LoadAction = (name: ActionName) => Promise<AnyAction>;
