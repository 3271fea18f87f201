import { size } from "../action/describe.ts";
import { UserError } from "../errors.ts";
import type { Goal } from "./goal.ts";

/** ECR's limit for one layer: 52,000 MiB. */
export const layerLimit = 52_000 * 2 ** 20;

/** Told before the first byte, not after 50 GB. */
export function refuseOversized(goal: Pick<Goal, "oci" | "name">): void {
  for (const blob of goal.oci?.blobs ?? []) {
    if (blob.size <= layerLimit) continue;
    throw new UserError("IMAGE_LAYER_TOO_LARGE", {
      happened: `${goal.name} holds a layer of ${size(blob.size)} (${blob.digest}); Amazon ECR takes at most ${size(layerLimit)}.`,
      next: "Ask Poolside for an image with smaller layers.",
    });
  }
}
