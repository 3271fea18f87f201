import type { Context } from "../action/context.ts";
import type { InputSources } from "../action/load.ts";
import { connectAws } from "../aws/session.ts";
import { outputsOf } from "./chain.ts";
import { chained } from "./chained.ts";
import type { AnyCommand, RootInputs, Six } from "./command.ts";
import { inputsOf, placeContract } from "./inputs.ts";
import { releaseLinks } from "./links.ts";
import { recordOf } from "./make-record.ts";
import { publish, recordChange } from "./publish.ts";
import { withUntouched } from "./recorded.ts";
import { releaseWords } from "./report.ts";

/** `release` and its dry run `plan`: the six, planned together, carried out in one process, proven and recorded. */
export function releaseCommand(six: Six): AnyCommand {
  return chained(async (inputs: RootInputs, sources: InputSources, _ctx: Context) => {
    const place = inputsOf(placeContract("deploy"), sources);
    return {
      sources,
      links: releaseLinks(six, inputs),
      words: releaseWords,
      observe: (chain, ctx) => recordChange(outputsOf(chain), place, ctx),
      conclude: (ended, chain, ctx) =>
        publish(
          ended,
          place,
          async (latest) => {
            const target = { region: place.awsRegion, accountId: place.awsAccountId, role: place.roleToAssume };
            const aws = await connectAws(target, ctx);
            return withUntouched(await recordOf(ended, place, aws, chain, sources, ctx), latest);
          },
          ctx,
        ),
    };
  });
}
