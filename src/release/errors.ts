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
  RELEASE_RECORDS_UNSEEN: {
    means: "`status` could not look at the records; what runs is told all the same.",
    remedy: "Let the role read the records place (s3:ListBucket, s3:GetObject), or correct `records`.",
  },
  RELEASE_REPORTS_INCOMPLETE: {
    means: "`command: record` makes a record from the reports of single actions, and some of them are missing.",
    remedy: "Give `reports`: a folder with the report of each of the six actions, all of one run that ended well.",
  },
  RELEASE_NOT_PROVEN: {
    means: "A record was asked for, and the smoke test did not pass.",
    remedy: "Mend what the smoke test found, and test again.",
  },
  RELEASE_PROMOTE_INPUT: {
    means: "A promotion lacks an input (`from`, `to`, the spec), or two of them contradict each other.",
    remedy: "Give what the message names; `promotion.from` in the spec of the target is the usual place.",
  },
  RELEASE_PROMOTE_OTHER: {
    means: "The record that is to be promoted was proven in another environment than `from`.",
    remedy: "Name a record of `from` (`status` lists them), or correct `from`.",
  },
  RELEASE_PROMOTE_OLD: {
    means: "The record is older than `max-age`.",
    remedy: "Release again in `from`, so that it is proven anew, or raise `promotion.maxAge`.",
  },
  RELEASE_PROMOTE_FAILED: {
    means: "The newest smoke test in `from` failed since the record was proven.",
    remedy: "Mend that environment, then run `command: smoke` there until it is green again.",
  },
  RELEASE_PROMOTE_SOAK: {
    means: "The smoke tests in `from` have not been green for `min-soak` yet.",
    remedy: "Run `command: smoke` in `from` on a schedule; promote when the time has passed.",
  },
  RELEASE_PROMOTE_READER: {
    means:
      "Nobody can read in `from` in the way that `copy` asks for: `stream` needs a principal on each side, `server` a role of the target that may read there, in the same region.",
    remedy:
      "Set `aws.roles` for that environment (`stream`), or let the target's role read there (`server`); `auto` takes whichever is possible.",
  },
  RELEASE_PROMOTE_BYTES: {
    means: "What the target would use is not what was proven.",
    remedy:
      "A prefix that the target's spec names must hold the same checkpoint; else leave it out, so that the proven one is copied.",
  },
  RELEASE_CHART_GONE: {
    means: "The proven chart is not kept in `records` any more.",
    remedy: "Release again, so that the chart is kept, then promote that record.",
  },
  RELEASE_PRUNE_NO_BUCKET: {
    means: "`prune` does not know in which bucket to look.",
    remedy: "Give `bucket`, or `checkpoints.bucket` in the spec.",
  },
  RELEASE_PRUNE_BLIND: {
    means:
      "Something that may need a checkpoint (a record, a live release, another environment) could not be looked at. Nothing was deleted.",
    remedy: "Mend what the message names. Nothing is deleted on a guess.",
  },
  RELEASE_REMOVE_CONFIRM: {
    means: "`remove` was not confirmed, or the confirmation names something else. Nothing was deleted.",
    remedy: "Look at the plan (`dry-run: true`), then set `confirm: <release>/<cluster>`.",
  },
  RELEASE_REMOVE_INGRESS: {
    means:
      "The load balancer controller does not let go of the release's Ingresses, which wait for it with a finalizer.",
    remedy: "See that the AWS Load Balancer Controller is running, then run `remove` again.",
  },
  RELEASE_REMOVE_BALANCER: {
    means: "The load balancer is still there after its last Ingress is gone. It costs money as long as it exists.",
    remedy:
      "See the log of the AWS Load Balancer Controller, or delete the load balancer with the command in the message.",
  },
  RELEASE_REMOVE_PODS: {
    means: "Pods of a release that is uninstalled do not end. They hold their GPUs.",
    remedy:
      "See why with `kubectl describe pod`; a node that is gone keeps its pods until it is deleted. Then run `remove` again.",
  },
  RELEASE_REMOVE_NAMESPACE: {
    means: "The namespace is deleted, and something in it has a finalizer that nobody takes away.",
    remedy:
      "See the namespace's conditions for what is left in it, let its controller let go, then run `remove` again.",
  },
};
