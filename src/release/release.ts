import { outputsOf } from "./chain.ts";
import { chained } from "./chained.ts";
import type { AnyCommand, Six } from "./command.ts";
import { inputsOf, placeContract } from "./inputs.ts";
import { releaseLinks } from "./links.ts";
import { publishChain } from "./prove.ts";
import { recordChange } from "./publish.ts";
import { releaseWords } from "./report.ts";

/** `release` and its dry run `plan`: the six, planned together, carried out in one process, proven and recorded. */
export function releaseCommand(six: Six): AnyCommand {
  return chained(async (inputs, sources) => {
    const place = inputsOf(placeContract("deploy"), sources);
    return {
      sources,
      links: releaseLinks(six, inputs),
      words: releaseWords,
      observe: (chain, ctx) => recordChange(outputsOf(chain), place, ctx),
      conclude: (ended, chain, ctx) => publishChain(ended, chain, place, sources, undefined, ctx),
    };
  });
}
