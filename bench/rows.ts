import type { RowMaker } from "./row.ts";
import { archiveAgain, archiveIntoDiscarding, archiveIntoRegistry, archiveOverNetwork } from "./rows/archive.ts";
import { checkpointAgain, checkpointIntoDiscarding, checkpointOverNetwork } from "./rows/checkpoint.ts";
import { compressedIntoDiscarding, sharedOverNetwork } from "./rows/images.ts";
import { archiveFromUrl, checkpointFromUrl, smallFiles } from "./rows/s3.ts";

/** All rows, in the order of the table. */
export const rows: Readonly<Record<string, RowMaker>> = {
  archive: archiveIntoDiscarding,
  "archive-slow": archiveOverNetwork,
  "archive-registry": archiveIntoRegistry,
  "archive-url": archiveFromUrl,
  "images-slow": sharedOverNetwork,
  bundle: compressedIntoDiscarding,
  "archive-again": archiveAgain,
  checkpoint: checkpointIntoDiscarding,
  "checkpoint-slow": checkpointOverNetwork,
  "checkpoint-url": checkpointFromUrl,
  "small-files": smallFiles,
  "checkpoint-again": checkpointAgain,
};
