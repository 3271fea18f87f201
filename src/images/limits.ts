import { size } from "../action/describe.ts";
import { UserError } from "../errors.ts";
import type { Goal } from "./goal.ts";
import type { Descriptor } from "./oci/descriptor.ts";

/** ECR's limit for one layer: 52,000 MiB. */
const layerLimit = 52_000 * 2 ** 20;

/** Told before the first byte, not after 50 GB. */
export function refuseOversized({ oci, name }: Pick<Goal, "oci" | "name">): void {
  for (const blob of oci?.blobs ?? []) refuseLayer(blob, name);
}

/** The same for one layer. */
export function refuseLayer(blob: Descriptor, image: string): void {
  if (blob.size <= layerLimit) return;
  throw new UserError("IMAGE_LAYER_TOO_LARGE", {
    happened: `${image} holds a layer of ${size(blob.size)} (${blob.digest}); Amazon ECR takes at most ${size(layerLimit)}.`,
    next: "Ask Poolside for an image with smaller layers.",
  });
}
