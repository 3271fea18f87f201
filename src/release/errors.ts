import type { Catalogue } from "../errors.ts";

/** Codes of the root action's commands. */
export const releaseErrors: Catalogue = {
  RELEASE_PREFLIGHT: {
    means: "Several steps of a release would fail. Nothing was written.",
    remedy: "Mend what the message names for each step, then run preflight again.",
  },
  RELEASE_SMOKE_NOT_KEPT: {
    means: "The result of `command: smoke` could not be kept in `records`; the test itself is not affected.",
    remedy: "Grant s3:PutObject below `smoke/` of the records place: a promotion's `min-soak` rests on these results.",
  },
};
