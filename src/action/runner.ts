import type { Position } from "../errors.ts";
import type { Context } from "./context.ts";
import type { Ending } from "./ending.ts";

/** What runs an action: GitHub's runner, a terminal, or a test. The only way to inputs, log, outputs and summary. */
export interface Runner {
  readonly context: Context;
  /** The raw text of an input; `undefined` or empty when it was not given. */
  input(name: string): string | undefined;
  /** Names of all inputs that were given. */
  readonly given: readonly string[];
  setOutput(name: string, value: string): void;
  /** Shows people how the action ended: headline, and a job summary where there is one. */
  conclude(ending: Ending): Promise<void>;
  /** A signal for what must still be done after a cancellation; aborts just before the runner kills us. */
  readonly grace: AbortSignal;
  /** The text with every secret that is known by now as `***`: for files that we write. */
  masked(text: string): string;
  /** Ends the action as failed, with one annotation, on the line of the user's file where there is one; `known`: with a line of the log alone. */
  fail(code: string, message: string, at?: Position, known?: boolean): void;
  /** In the post step: what main remembered. */
  readonly remembered: Readonly<Record<string, string>>;
}
