import type { Outcome } from "../action/action.ts";
import { count } from "../action/describe.ts";
import type { Block } from "../action/summary.ts";
import type { EksDeployError } from "../errors.ts";
import { documentText } from "./show.ts";
import type { Proof } from "./verify.ts";
import type { Work } from "./way.ts";

/** What the report is made from; what a dry or failed run did not reach is absent. */
export interface IdentityRun {
  readonly outcome: Outcome;
  readonly dryRun: boolean;
  readonly changes: number;
  readonly work: Work | undefined;
  readonly proof: Proof | undefined;
  readonly failure: EksDeployError | undefined;
}

/** One sentence about the identity. */
export function identityHeadline(run: IdentityRun): string {
  const { work, changes } = run;
  if (run.failure || !work)
    return `The model servers' identity is not ready: ${run.failure?.happened.split("\n")[0] ?? "nothing was planned"}`;
  if (work.kind === "static") return "The model servers read their checkpoints with static keys from a Secret.";
  if (work.kind === "foreign") return `The model servers use the role ${work.judgement.roleArn} of others.`;
  const { identity, wanted } = work.work;
  const whom = `${identity.namespace}/${identity.serviceAccount} of ${identity.cluster}`;
  if (run.dryRun && changes > 0)
    return `${count(changes, "change")} would let ${whom} read s3://${identity.reach.bucket}.`;
  if (changes === 0) return `${whom} may read s3://${identity.reach.bucket} by ${wanted.roleArn}; nothing to change.`;
  return `${whom} may now read s3://${identity.reach.bucket} by ${wanted.roleArn}.`;
}

/** What was proven, what was not, and the documents to read. */
export function identityBlocks({ work, proof }: IdentityRun): readonly Block[] {
  return [
    ...list("proven", "✅", proof?.proven ?? []),
    ...list("not verified", "–", proof?.unproven ?? []),
    ...documentsOf(work).map(
      ([title, document]): Block => ({
        kind: "details",
        title,
        blocks: [{ kind: "code", language: "json", text: documentText(document) }],
      }),
    ),
  ];
}

function documentsOf(work: Work | undefined): readonly (readonly [string, object])[] {
  if (work?.kind !== "own") return [];
  const { identity, wanted } = work.work;
  return [
    [`Trust policy of ${identity.roleName}`, wanted.trust],
    [`Policy ${identity.policyName}`, wanted.policy],
  ];
}

function list(title: string, mark: string, lines: readonly string[]): readonly Block[] {
  if (lines.length === 0) return [];
  return [{ kind: "table", head: ["", title], rows: lines.map((line) => [mark, line]) }];
}
