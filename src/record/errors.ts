import type { Catalogue } from "../errors.ts";

export const recordErrors: Catalogue = {
  RECORDS_PLACE_INVALID: {
    means: "`records` is no S3 place.",
    remedy: "Write it as s3://<bucket>/<prefix>/.",
  },
  RECORD_NOT_FOUND: {
    means: "There is no release record where one was asked for.",
    remedy: "Release once with a passing smoke test, or name a record that exists (`status` lists them).",
  },
  RECORD_ALTERED: {
    means: "A release record does not have the digest under which it is kept: it was edited or damaged.",
    remedy: "Use an unaltered record. A record is never edited: release again to make a new one.",
  },
  RECORD_INVALID: {
    means: "A file is not a release record that this version reads.",
    remedy: "Give a record written by eks-deploy of the same major version.",
  },
  RECORD_RACE: {
    means: "Another run wrote the `latest` pointer between our reading and writing it.",
    remedy: "Look at that run; run again when it has ended.",
  },
  RECORD_VALUES_ALTERED: {
    means: "A values file in `records` does not have the digest under which it is kept: it was edited or damaged.",
    remedy: "Render the values again from the record: command: release with from-record.",
  },
  RECORD_SMOKE_INVALID: {
    means: "A file below `smoke/` in `records` is no result of a smoke test that this version reads.",
    remedy: "Look at it, and remove it if nobody needs it.",
  },
};
