import type { RowMaker } from "./row.ts";
import { archiveAgain, archiveIntoDiscarding, archiveIntoRegistry, archiveOverNetwork } from "./rows/archive.ts";
import { checkpointAgain, checkpointIntoDiscarding, checkpointOverNetwork, smallFiles } from "./rows/checkpoint.ts";
import { checkpointCopied, checkpointUnpacked } from "./rows/copy.ts";
import { compressedIntoDiscarding, sharedOverNetwork } from "./rows/images.ts";
import { archiveFromUrl, checkpointFromUrl } from "./rows/url.ts";
import { checkpointIntoVersitygw } from "./rows/versitygw.ts";

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
  "checkpoint-versitygw": checkpointIntoVersitygw,
  "checkpoint-url": checkpointFromUrl,
  "checkpoint-copy": checkpointCopied,
  "checkpoint-unpack": checkpointUnpacked,
  "small-files": smallFiles,
  "checkpoint-again": checkpointAgain,
};
