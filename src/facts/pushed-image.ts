import { InputProblem } from "../action/contract.ts";
import { data } from "../action/inputs.ts";

/** An image as push-images or a release record tells of it. */
export interface PushedImage {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

/** Images by name. */
export type PushedImages = Readonly<Record<string, PushedImage>>;

function asPushedImages(value: unknown): PushedImages {
  if (value === null || value === undefined) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw new InputProblem("must be a map of images by name");
  for (const [name, image] of Object.entries(value as Record<string, Partial<PushedImage> | null>)) {
    if (!image?.repository || !image.tag || !/^sha256:[0-9a-f]{64}$/.test(image.digest ?? ""))
      throw new InputProblem(`gives ${name} without repository, tag or digest`);
  }
  return value as PushedImages;
}

/** The input by which later steps learn what was pushed. */
export const imageDigestsInput = data(asPushedImages, {
  default: "{}",
  description: "Digests that the pods' images must have, by image name: the output `images` of push-images.",
  report: "push-images.images",
});
