import { asEksDeployError } from "../errors.ts";

/** Something that could not be looked at, and why, in a few words. */
export interface NotSeen {
  readonly notSeen: string;
}

/** What was seen, or why it was not. */
export type Seen<T> = T | NotSeen;

export function isSeen<T>(value: Seen<T>): value is T {
  return !(typeof value === "object" && value !== null && "notSeen" in value);
}

const hidden = [
  "AWS_ACCESS_DENIED",
  "AWS_UNREACHABLE",
  "AWS_NO_CREDENTIALS",
  "AWS_NO_REGION",
  "AWS_BUSY",
  "AWS_REFUSED",
  "AWS_FAILED",
];

/** Looks at something that a check only wants to know: a right that is missing, a refusal, or AWS out of reach is told and fails nothing. */
export async function look<T>(reading: () => Promise<T>): Promise<Seen<T>> {
  try {
    return await reading();
  } catch (thrown) {
    const error = asEksDeployError(thrown);
    if (!hidden.includes(error.code)) throw error;
    return { notSeen: error.happened.split("\n")[0]!.replace(/\.$/, "") };
  }
}
