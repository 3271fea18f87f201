import type { EksDeployError } from "../errors.ts";
import type { Context } from "./context.ts";
import type { Contract, Inputs, Outputs } from "./contract.ts";
import type { InputSources } from "./load.ts";
import type { Change, Plan } from "./plan.ts";
import type { Block } from "./summary.ts";

/** How an action ended. */
export type Outcome = "done" | "failed" | "cancelled" | "superseded" | "skipped";

/** What `observe` is told besides inputs and clients. */
export interface Upcoming {
  /** Changes that earlier actions of the same chain will make before this one applies. What they bring counts as there. */
  readonly upcoming: readonly Change[];
}

/** What verify found. A failure is thrown by the runner's one place, after the outputs and the report are written. */
export interface Verdict<O> {
  readonly outputs: O;
  /** `done` unless said otherwise. */
  readonly outcome?: "superseded" | "skipped";
  readonly failure?: EksDeployError;
}

/** Everything that the report may look at; what a failed or dry run did not reach is absent. */
export interface Finished<C extends Contract, Observed, Work, Applied> {
  readonly outcome: Outcome;
  readonly dryRun: boolean;
  readonly inputs: Inputs<C>;
  readonly observed?: Observed;
  readonly plan?: Plan<Work, Outputs<C>>;
  readonly applied?: Applied;
  readonly outputs?: Partial<Outputs<C>>;
  readonly failure?: EksDeployError;
  readonly seconds: number;
}

/** What a person reads afterwards. */
export interface Report {
  /** One plain sentence for a chat message, an issue's title, a pager. */
  readonly headline: string;
  /** The action's own part of the job summary; headline, changes and failure are written around it. */
  readonly blocks: readonly Block[];
  /** Outputs that come to be while reporting: where a record was written. */
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/**
 * An action: the same steps in all of them, run by one function.
 * Dry run, approval, timing, cancellation, outputs, summary and the report file are not its business.
 */
export interface Action<C extends Contract, Clients, Observed, Work, Applied> {
  readonly contract: C;
  /** Opens what the steps talk through; checks account and region. No write. */
  connect(inputs: Inputs<C>, ctx: Context, sources: InputSources): Promise<Clients>;
  /** Reads the world. No one-pass source is read here. */
  observe(inputs: Inputs<C>, clients: Clients, ctx: Context & Upcoming): Promise<Observed>;
  /** Pure: what must change, what will then be true, and the outputs that follow from it. */
  plan(inputs: Inputs<C>, observed: Observed): Plan<Work, Outputs<C>>;
  /** Carries the changes out, in an order that is safe to interrupt. Not called when there is nothing to change. */
  apply(plan: Plan<Work, Outputs<C>>, clients: Clients, ctx: Context): Promise<Applied>;
  /** Proves and waits; writes nothing, has a deadline, yields events. `applied` is absent when nothing had to change. */
  verify(
    plan: Plan<Work, Outputs<C>>,
    applied: Applied | undefined,
    clients: Clients,
    ctx: Context,
  ): Promise<Verdict<Outputs<C>>>;
  /**
   * Always runs. It alone may write outside apply: the record and smoke results, into `records`; not in a dry run, not after an empty release.
   * `clients` is absent when connecting failed.
   */
  report(
    finished: Finished<C, Observed, Work, Applied>,
    clients: Clients | undefined,
    ctx: Context,
  ): Report | Promise<Report>;
  /** Undoes after a failure or a cancel (rollback); gives the outputs that tell of it. `ctx.signal` is a fresh one. */
  recover?(
    failure: EksDeployError,
    plan: Plan<Work, Outputs<C>>,
    clients: Clients,
    ctx: Context,
  ): Promise<Partial<Outputs<C>>>;
  /** Lets go of what is held (a Lease, sockets), whatever happened; in a chain after its last action. */
  close?(clients: Clients, ctx: Context): Promise<void>;
  /** The post step after a cancel or a kill: settles what main could not. */
  settle?(remembered: Readonly<Record<string, string>>, ctx: Context): Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: a chain holds actions of different types; their own types meet again inside each action
export type AnyAction = Action<any, any, any, any, any>;
