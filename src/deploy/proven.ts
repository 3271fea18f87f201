import type { Context } from "../action/context.ts";
import { connectAws } from "../aws/session.ts";
import { readLatest } from "../record/latest.ts";
import type { ReleaseRecord } from "../record/record.ts";
import { openStore } from "../record/store.ts";
import type { DeployInputs } from "./open.ts";

/** The revision that the latest record of this release says was proven; `undefined` where there is none, it is of another place, or cannot be read now. */
export async function provenRevision(inputs: DeployInputs, ctx: Context): Promise<number | undefined> {
  if (!inputs.records) return undefined;
  try {
    const aws = await connectAws(
      { region: inputs.awsRegion, accountId: inputs.awsAccountId, role: inputs.roleToAssume },
      ctx,
    );
    const latest = await readLatest(await openStore(inputs.records, aws), inputs.environment, inputs.release);
    return latest && isOf(latest.record, inputs) ? latest.record.revision : undefined;
  } catch (thrown) {
    ctx.log.info(`The last proven revision is not known (${(thrown as Error).message.split("\n")[0]})`);
    return undefined;
  }
}

/** Revisions are counted in each namespace of each cluster: a number that was proven elsewhere says nothing here. */
function isOf({ namespace, cluster }: ReleaseRecord, inputs: DeployInputs): boolean {
  return namespace === inputs.namespace && cluster === (inputs.cluster ?? inputs.context ?? "");
}
