/** Where in a user's file something stands; line and column count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What an error says: what happened, and what to do next (the exact command or line where there is one). */
export interface ErrorText {
  readonly happened: string;
  readonly next: string;
  readonly at?: Position;
  /** Everything that is wrong, where it is more than one thing; each gets an annotation of its own. */
  readonly problems?: readonly Problem[];
  /** An earlier run told the same, and nothing has changed since: a line of the log, no annotation. */
  readonly known?: boolean;
  readonly cause?: unknown;
}

/** One of several things that are wrong with what the user gave. */
export interface Problem {
  readonly happened: string;
  /** What mends this one; else the error's own `next` holds. */
  readonly next?: string;
  readonly at?: Position;
}

/** One entry of a room's catalogue; docs/troubleshooting.md is made from all of them. */
export interface CatalogueEntry {
  /** What the code means, for a reader who met it in a log. */
  readonly means: string;
  /** What mends it. */
  readonly remedy: string;
  /** The item of the guide's Troubleshooting section that it stands for, in the guide's words. */
  readonly guide?: string;
}

/** A room's codes. Every code that `src/<room>/` raises stands in `src/<room>/errors.ts`; a test holds both together. */
export type Catalogue = Readonly<Record<string, CatalogueEntry>>;

/** The family of all errors that users see. `code` is stable and listed in docs/troubleshooting.md. */
export abstract class EksDeployError extends Error {
  readonly code: string;
  readonly happened: string;
  readonly next: string;
  readonly at: Position | undefined;
  readonly problems: readonly Problem[];
  readonly known: boolean;

  constructor(code: string, text: ErrorText) {
    super(`${text.happened}\n${text.next}`, text.cause === undefined ? undefined : { cause: text.cause });
    this.code = code;
    this.happened = text.happened;
    this.next = text.next;
    this.at = text.at;
    this.problems = text.problems ?? [];
    this.known = text.known ?? false;
  }
}

/** The user can mend it: an input, a file, a setting, a right. */
export class UserError extends EksDeployError {
  override readonly name = "UserError";
}

/** A service refused or failed. */
export class RemoteError extends EksDeployError {
  override readonly name = "RemoteError";
}

/** Our own defect. */
export class InternalError extends EksDeployError {
  override readonly name = "InternalError";
}

/** A cancellation that travelled through an AbortSignal. */
export class Cancelled extends EksDeployError {
  override readonly name = "Cancelled";

  constructor(reason = "The run was cancelled.") {
    super("CANCELLED", { happened: reason, next: "Run it again: finished parts are not repeated." });
  }
}

/** Anything thrown, as one of the family; what is not known is our own defect, told with its stack's first line. */
export function asEksDeployError(thrown: unknown): EksDeployError {
  if (thrown instanceof EksDeployError) return thrown;
  if (thrown instanceof Error && (thrown.name === "AbortError" || thrown.name === "Cancelled")) return new Cancelled();
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return new InternalError("INTERNAL", {
    happened: `Something that should not happen: ${text}`,
    next: "Please report it with the log of this run: https://github.com/poolside/eks-deploy/issues/new",
    cause: thrown,
  });
}

/** Codes that belong to no single room. */
export const generalErrors: Catalogue = {
  CANCELLED: {
    means: "The run was cancelled or ended by a time limit.",
    remedy: "Run it again. Finished blobs, parts and steps are not repeated.",
  },
  INTERNAL: {
    means: "A defect of eks-deploy itself.",
    remedy: "Report it with the log of the run (secrets are already masked in it).",
  },
};
