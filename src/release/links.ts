import type { Link } from "./chain.ts";
import type { RootInputs, Six } from "./command.ts";

/** The share of the connections that images get; checkpoints get the rest, because they are the larger part. */
const imagesShare = 3 / 8;

/** The six in their order. `set`: inputs that the command sets in all of them. */
export function releaseLinks(
  six: Six,
  inputs: RootInputs,
  set: Readonly<Record<string, string>> = {},
): readonly Link[] {
  const common: Readonly<Record<string, string>> = { ...set, ...dryRunOf(inputs) };
  const images = Math.max(1, Math.floor(inputs.concurrency * imagesShare));
  const rest = inputs.concurrency - images;
  return [
    { action: six.pushImages, after: [], set: { ...common, concurrency: String(images) } },
    { action: six.syncCheckpoints, after: [], set: { ...common, concurrency: String(rest) } },
    { action: six.ensureIrsa, after: ["sync-checkpoints"], carriedOutAfter: [], set: common },
    { action: six.renderValues, after: ["push-images", "sync-checkpoints", "ensure-irsa"], set: common },
    {
      action: six.helmDeploy,
      after: ["push-images", "sync-checkpoints", "ensure-irsa", "render-values"],
      set: common,
    },
    smokeLink(six, common),
  ];
}

/** The proof at the end of every release. */
export function smokeLink(six: Six, set: Readonly<Record<string, string>>): Link {
  return { action: six.smokeTest, after: ["render-values", "helm-deploy"], set };
}

/** A dry run of the whole is one of every link. */
export function dryRunOf(inputs: RootInputs): Readonly<Record<string, string>> {
  return inputs.dryRun ? { "dry-run": "true" } : {};
}
