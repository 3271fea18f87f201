import type { Context } from "../action/context.ts";
import type { Contract, Inputs } from "../action/contract.ts";
import type { InputSources } from "../action/load.ts";
import { planDigest } from "../action/plan.ts";
import { connectAws } from "../aws/session.ts";
import type { Named } from "../record/latest.ts";
import type { ReleaseRecord } from "../record/record.ts";
import { type Joined, outputsOf } from "./chain.ts";
import type { Ended } from "./command.ts";
import type { placeContract } from "./inputs.ts";
import { recordOf } from "./make-record.ts";
import { type Published, publish } from "./publish.ts";
import { withUntouched } from "./recorded.ts";
import { resolvedInputs } from "./resolved.ts";

/** Account, cluster and release that a command works on, and who works. */
export type Place = Inputs<ReturnType<typeof placeContract>>;

/** Keeps what a chain of all six proved, and gives the record that then holds. */
export function publishChain(
  ended: Ended,
  chain: readonly Joined[],
  place: Place,
  sources: InputSources,
  promotedFrom: ReleaseRecord["promotedFrom"],
  ctx: Context,
): Promise<Published | undefined> {
  const make = async (latest: Named | undefined) => {
    const target = { region: place.awsRegion, accountId: place.awsAccountId, role: place.roleToAssume };
    const proof = {
      outputs: outputsOf(chain),
      place,
      aws: await connectAws(target, ctx),
      resolved: Object.assign({}, ...chain.map((joined) => resolvedOf(joined, sources))),
      planSha256: planDigest(ended.plan!),
      startedAt: ended.observed?.startedAt ?? ctx.clock.now(),
      spec: sources.input("spec"),
      ...(promotedFrom ? { promotedFrom } : {}),
    };
    return withUntouched(await recordOf(proof, ctx), latest);
  };
  return publish(ended, place, make, ctx);
}

function resolvedOf(joined: Joined, sources: InputSources): ReleaseRecord["resolved"] {
  const contract = joined.link.action.contract as Contract;
  return resolvedInputs(contract, (joined.inputs ?? {}) as Readonly<Record<string, unknown>>, sources);
}
