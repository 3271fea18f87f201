import type { Context } from "../action/context.ts";
import { connectAws } from "../aws/session.ts";
import { readLatest } from "../record/latest.ts";
import { openStore } from "../record/store.ts";
import type { DeployInputs } from "./open.ts";

/** The revision that the latest record of this release says was proven; `undefined` where there is none, or it cannot be read now. */
export async function provenRevision(inputs: DeployInputs, ctx: Context): Promise<number | undefined> {
  if (!inputs.records) return undefined;
  try {
    const aws = await connectAws(
      { region: inputs.awsRegion, accountId: inputs.awsAccountId, role: inputs.roleToAssume },
      ctx,
    );
    const latest = await readLatest(await openStore(inputs.records, aws), inputs.environment, inputs.release);
    return latest?.record.revision;
  } catch (thrown) {
    ctx.log.info(`The last proven revision is not known (${(thrown as Error).message.split("\n")[0]})`);
    return undefined;
  }
}
