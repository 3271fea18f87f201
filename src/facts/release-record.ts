import type { Context } from "../action/context.ts";
import { connectAws } from "../aws/session.ts";
import { findRecord } from "../record/find.ts";
import type { Named } from "../record/latest.ts";
import { openStore } from "../record/store.ts";

/** The inputs that say where records are and who reads them. */
export interface RecordInputs {
  readonly records: string | undefined;
  readonly environment: string | undefined;
  readonly awsRegion: string | undefined;
  readonly awsAccountId: string | undefined;
  readonly roleToAssume: string | undefined;
}

/** The record that `reference` names (`latest`, a SHA-256, `s3://...`, a path), verified. AWS is asked only where the reference needs it. */
export function releaseRecord(reference: string, release: string, inputs: RecordInputs, ctx: Context): Promise<Named> {
  const { environment } = inputs;
  return findRecord(reference, {
    environment,
    release,
    workspace: ctx.ambient.workspace,
    async open(place = inputs.records) {
      if (!place) return undefined;
      const target = { region: inputs.awsRegion, accountId: inputs.awsAccountId, role: inputs.roleToAssume };
      return openStore(place, await connectAws(target, ctx));
    },
  });
}
