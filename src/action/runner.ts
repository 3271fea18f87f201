import type { Context } from "./context.ts";

/** What runs an action: GitHub's runner, a terminal, or a test. The only way to inputs, log, outputs and summary. */
export interface Runner {
  readonly context: Context;
  /** The raw text of an input; `undefined` or empty when it was not given. */
  input(name: string): string | undefined;
  /** Names of all inputs that were given. */
  readonly given: readonly string[];
  setOutput(name: string, value: string): void;
  /** Appends markdown to the job summary. */
  writeSummary(markdown: string): Promise<void>;
  /** A signal for what must still be done after a cancellation; aborts just before the runner kills us. */
  readonly grace: AbortSignal;
  /** The text with every secret that is known by now as `***`: for files that we write. */
  masked(text: string): string;
  /** Ends the action as failed, with one annotation. */
  fail(code: string, message: string): void;
  /** In the post step: what main remembered. */
  readonly remembered: Readonly<Record<string, string>>;
}
