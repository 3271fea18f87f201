import type { Context } from "../action/context.ts";
import { connectAws } from "../aws/session.ts";
import { readLatest } from "../record/latest.ts";
import type { ReleaseRecord } from "../record/record.ts";
import { openStore } from "../record/store.ts";
import type { DeployInputs } from "./open.ts";
import type { Revision } from "./release.ts";

/** The revision that a record says was proven, and when, in ms since the epoch. */
export interface Proven {
  readonly revision: number;
  readonly at: number;
}

/** What the latest record of this release proves; `undefined` where there is none, it is of another place, or cannot be read now. */
export async function latestProven(inputs: DeployInputs, ctx: Context): Promise<Proven | undefined> {
  if (!inputs.records) return undefined;
  try {
    const aws = await connectAws(
      { region: inputs.awsRegion, accountId: inputs.awsAccountId, role: inputs.roleToAssume },
      ctx,
    );
    const latest = await readLatest(await openStore(inputs.records, aws), inputs.environment, inputs.release);
    return latest && provenBy(latest.record, inputs);
  } catch (thrown) {
    ctx.log.info(`The last proven revision is not known (${(thrown as Error).message.split("\n")[0]})`);
    return undefined;
  }
}

/** Revisions are counted in each namespace of each cluster: a number that was proven elsewhere says nothing here. */
export function provenBy(
  record: Pick<ReleaseRecord, "namespace" | "cluster" | "revision" | "finishedAt">,
  { namespace, cluster, context }: Pick<DeployInputs, "namespace" | "cluster" | "context">,
): Proven | undefined {
  const here = record.namespace === namespace && record.cluster === (cluster ?? context ?? "");
  return here ? { revision: record.revision, at: Date.parse(record.finishedAt) } : undefined;
}

/** The number of the revision that was proven. One of that number that was made later is another: the release was uninstalled since, and is counted anew. */
export function provenAmong(revisions: readonly Revision[], proven: Proven | undefined): number | undefined {
  const found = revisions.find(({ number }) => number === proven?.revision);
  return proven && found && (found.madeAt ?? 0) <= proven.at ? found.number : undefined;
}
