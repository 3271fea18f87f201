import type { RowMaker } from "./row.ts";
import { archiveIntoDiscarding, archiveIntoRegistry, archiveOverNetwork } from "./rows/archive.ts";
import { checkpointIntoDiscarding, checkpointOverNetwork } from "./rows/checkpoint.ts";

/** All rows, in the order of the table. */
export const rows: Readonly<Record<string, RowMaker>> = {
  archive: archiveIntoDiscarding,
  "archive-slow": archiveOverNetwork,
  "archive-registry": archiveIntoRegistry,
  checkpoint: checkpointIntoDiscarding,
  "checkpoint-slow": checkpointOverNetwork,
};
