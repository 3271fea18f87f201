import type { Finding } from "../../action/context.ts";
import { UserError } from "../../errors.ts";

/** Throws what is wrong, all of it at once; gives the warnings back. One error keeps its own code; several go under the first one's. */
export function refuse(findings: readonly Finding[]): readonly Finding[] {
  const errors = findings.filter((finding) => finding.level === "error");
  const [first] = errors;
  if (!first) return findings;
  const lines = errors.map((finding) => `  - ${finding.happened} [${finding.code}]`);
  throw new UserError(first.code, {
    happened:
      errors.length === 1 ? first.happened : `The values are wrong in ${errors.length} places:\n${lines.join("\n")}`,
    next: [...new Set(errors.map((finding) => finding.next))].join("\n"),
    at: first.at,
    problems: errors.map(({ happened, next, at }) => ({ happened, next, at })),
  });
}
