import type { ExpectedImages } from "./health.ts";

/** An image as push-images tells of it. */
export interface PushedImage {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

/** The digest that each image reference of the release must have. References that no pushed image fits are not checked. */
export function expectedImages(
  references: readonly string[],
  pushed: Readonly<Record<string, PushedImage>>,
): ExpectedImages {
  const expected: Record<string, string> = {};
  for (const reference of new Set(references)) {
    const fitting = Object.values(pushed).find(({ repository, tag }) => reference.endsWith(`/${repository}:${tag}`));
    if (fitting) expected[reference] = fitting.digest;
  }
  return expected;
}
