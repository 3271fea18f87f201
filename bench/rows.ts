import type { RowMaker } from "./row.ts";
import { archiveAgain, archiveIntoDiscarding, archiveIntoRegistry, archiveOverNetwork } from "./rows/archive.ts";
import { checkpointAgain, checkpointIntoDiscarding, checkpointOverNetwork } from "./rows/checkpoint.ts";

/** All rows, in the order of the table. */
export const rows: Readonly<Record<string, RowMaker>> = {
  archive: archiveIntoDiscarding,
  "archive-slow": archiveOverNetwork,
  "archive-registry": archiveIntoRegistry,
  "archive-again": archiveAgain,
  checkpoint: checkpointIntoDiscarding,
  "checkpoint-slow": checkpointOverNetwork,
  "checkpoint-again": checkpointAgain,
};
