import { UserError } from "../errors.ts";

/** There is nothing where a source should be. */
export function sourceNotFound(label: string, kind: "file" | "object" | "URL", cause?: unknown): UserError {
  const next = {
    file: "Correct the path; it starts from the workspace of the job. Does a step before this one put the file there?",
    object: "Correct bucket and key; list what is there: aws s3 ls --recursive s3://<bucket>/",
    URL: "Correct the URL, or make a new one.",
  }[kind];
  return new UserError("SOURCE_NOT_FOUND", { happened: `There is no ${kind} ${label}.`, next, cause });
}

/** A source may not be read; `next` says which right is missing. */
export function sourceDenied(label: string, next: string, cause?: unknown): UserError {
  return new UserError("SOURCE_DENIED", { happened: `${label} may not be read.`, next, cause });
}

/** A source is not the same any more as when it was opened. */
export function sourceChanged(label: string): UserError {
  return new UserError("SOURCE_CHANGED", {
    happened: `${label} changed while it was read.`,
    next: "Wait until whoever writes it has finished, then run again.",
  });
}
