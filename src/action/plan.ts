import { digestOf, type Json } from "../canonical.ts";

/** A value that is known only once a source has been read. `identity` (sha256, or size and ETag) stands for it in the plan's digest. */
export interface Unknown {
  readonly unknown: string;
  readonly identity: string;
}

/** A value that may not be known yet. */
export type Known<T> = T | Unknown;

/** `reason` is told to the user; `identity` must change whenever the source does. */
export function unknown(reason: string, identity: string): Unknown {
  return { unknown: reason, identity };
}

export function isUnknown(value: unknown): value is Unknown {
  return typeof value === "object" && value !== null && "unknown" in value && "identity" in value;
}

export type Verb =
  | "create"
  | "update"
  | "delete"
  | "upload"
  | "copy"
  | "install"
  | "upgrade"
  | "adopt"
  | "write"
  | "restart";

/** One thing that apply will do; the same shape in all actions, so that one table shows them all. */
export interface Change {
  readonly verb: Verb;
  /** `repository`, `image`, `prefix`, `role`, `policy`, `values`, `secret`, `release`, ... */
  readonly kind: string;
  readonly name: string;
  /** What is there now; absent for something new. */
  readonly from?: string;
  /** What will be there; absent for a removal. */
  readonly to?: Known<string>;
  readonly reason: string;
}

/** What an action will do. `W` is the work that apply carries out; it never leaves the process. */
export interface Plan<W, O> {
  readonly changes: readonly Change[];
  /** What will be true afterwards; its digest is `plan-sha256`. Independent of what is there now. */
  readonly endState: Json;
  /** The end state as it was planned before a source was read that now is: an approval of it is met by whatever that source yields. */
  readonly unreadState?: Json;
  /** Outputs, as far as they follow from the plan. */
  readonly outputs: { readonly [K in keyof O]?: Known<O[K]> };
  readonly work: W;
}

/** `plan-sha256`: equal for equal end states, whatever had to change. */
export function planDigest(plan: Pick<Plan<unknown, unknown>, "endState">): string {
  return digestOf(plan.endState);
}
