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
  RELEASE_NO_RECORDS: {
    means: "A command needs release records, and no place of records is known.",
    remedy: "Give `records` (s3://<bucket>/<prefix>/), or `checkpoints.bucket` in the spec.",
  },
  RELEASE_RECORD_ELSEWHERE: {
    means: "`rollback` was given a record of another environment, release, account or cluster. Nothing was written.",
    remedy: "Name a record of this release (`status` lists them), or use `command: promote`.",
  },
  RELEASE_VALUES_GONE: {
    means: "The values file of a record is not kept in `records` any more.",
    remedy: "Render it again from the record, with the spec of that time: `command: release` with `from-record`.",
  },
  RELEASE_RECORD_UNREADABLE: {
    means: "A record in `records` was edited, damaged, or written by a newer version. It cannot be released again.",
    remedy: "Look at who changed it. The other records are not affected.",
  },
  RELEASE_REPORTS_INCOMPLETE: {
    means: "`command: record` makes a record from the reports of single actions, and some of them are missing.",
    remedy: "Give `reports`: a folder with the report of each of the six actions, all of one run that ended well.",
  },
  RELEASE_NOT_PROVEN: {
    means: "A record was asked for, and the smoke test did not pass.",
    remedy: "Mend what the smoke test found, and test again.",
  },
};
