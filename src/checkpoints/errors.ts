import type { Catalogue } from "../errors.ts";

const tarAtPrefix =
  "If model pods never become ready and the init container logs show no checkpoint files synced, the S3 prefix may hold the checkpoint `.tar` instead of its extracted contents.";

/** Codes of checkpoints: what is in an archive, what lies in the bucket, what S3 says. */
export const checkpointsErrors: Catalogue = {
  CHECKPOINT_NO_MODELS: {
    means: "There is nothing to sync: no checkpoints were given.",
    remedy: "Give `checkpoints` (a source by model key), or models with `checkpoint` in the spec.",
  },
  CHECKPOINT_MODEL_UNKNOWN: {
    means: "`only`, `versions` or `expected-sha256` names a model that has no checkpoint.",
    remedy: "Correct the key; the message lists the models.",
  },
  CHECKPOINT_NO_BUCKET: {
    means: "No bucket was given for the checkpoints.",
    remedy: "Give the input `bucket`, or `checkpoints.bucket` in the spec.",
  },
  CHECKPOINT_SOURCE_UNSET: {
    means: "A checkpoint's source is named by a variable that is not set, or that has nothing for the model.",
    remedy: "Give the step the variable from a secret, or the reports of the job that synced the model.",
  },
  CHECKPOINT_RECORD: {
    means: "What lies in S3 is not the checkpoint that the release record proved.",
    remedy: "Restore the prefix, or release again to make a new record.",
  },
  CHECKPOINT_VERSION: {
    means: "No version that is fit for a key in S3 follows from the source's name.",
    remedy: "Give `versions`, for example laguna-m=2611.",
  },
  CHECKPOINT_EMPTY: {
    means: "A source holds no files.",
    remedy: "Name the checkpoint's archive, its folder, or its prefix in S3.",
    guide: "A stale or misspelled checkpoint path syncs nothing and the pod never starts.",
  },
  CHECKPOINT_TOP_FOLDER: {
    means: "An archive does not hold exactly one top folder, or files lie above the folders that are stripped.",
    remedy: "Set strip-components to the number of leading folders, or repack the archive with one top folder.",
  },
  CHECKPOINT_TOO_DEEP: {
    means: "The checkpoint's files would lie one folder or more too deep; a model server would find nothing.",
    remedy: "Set strip-components to the number that the message gives, or name the inner folder as the source.",
  },
  CHECKPOINT_INNER_ARCHIVE: {
    means: "A source holds an archive instead of the checkpoint's files.",
    remedy:
      "Give the inner archive as the source: by its own path where it lies in a folder or a prefix, else unpacked first.",
    guide: tarAtPrefix,
  },
  CHECKPOINT_NOTHING_USEFUL: {
    means: "Nothing at the root of a source is a file that a model server loads.",
    remedy: "Check that it is the checkpoint's archive, and strip-components.",
  },
  CHECKPOINT_NO_WEIGHTS: {
    means: "A checkpoint has no *.safetensors at its root. It is synced, but a model server will hardly start.",
    remedy: "Check that it is the checkpoint's archive.",
  },
  CHECKPOINT_SOURCE_CHANGED: {
    means: "A file of a checkpoint's folder changed while it was synced.",
    remedy: "Wait until whoever writes it has finished, then run again.",
  },
  CHECKPOINT_PATH_INVALID: {
    means: "A file's name is unfit for S3: control characters, .., no UTF-8, or too long.",
    remedy: "Repack the archive with plain names.",
  },
  CHECKPOINT_FORMAT: {
    means: "A source is in a format that is not read.",
    remedy: "Give a .tar, .tar.gz or .tar.zst, a folder, or a prefix in S3.",
  },
  CHECKPOINT_PATH_TWICE: {
    means: "A source brings a file twice, perhaps in two spellings, or as a file and as a folder.",
    remedy: "Repack it so that each file is there once.",
  },
  CHECKPOINT_FILE_TOO_LARGE: {
    means: "A file is larger than an object in S3 can be.",
    remedy: "Ask Poolside for a checkpoint in smaller shards.",
  },
  SAFETENSORS_INVALID: {
    means: "A safetensors file is cut or damaged: header, offsets and size do not agree.",
    remedy: "Transfer the archive again and compare its SHA-256 with what Poolside published.",
  },
  CHECKPOINT_INDEX_INCOMPLETE: {
    means:
      "An index of weights, or the numbers in the names of its shards, tell of files or tensors that are not there.",
    remedy: "Transfer the archive again and compare its SHA-256 with what Poolside published.",
  },
  CHECKPOINT_FILE_EMPTY: {
    means: "A JSON file of a checkpoint has no byte in it; a model server would stumble over it.",
    remedy: "Transfer the archive again and compare its SHA-256 with what Poolside published.",
  },
  CHECKPOINT_SHA256: {
    means:
      "An archive does not have the expected SHA-256, or there is no archive to compare it with. Nothing of it can be deployed.",
    remedy: "Transfer the archive again, or correct expected-sha256.",
  },
  CHECKPOINT_OTHER_BYTES: {
    means: "A complete checkpoint of other content already lies under this version; it is never changed in place.",
    remedy: "Give the new one a version of its own (`versions`), or set replace: true if nothing uses the old one.",
  },
  CHECKPOINT_IN_USE: {
    means:
      "A checkpoint was to be replaced that a running Deployment or a kept release record refers to. New pods, or a rollback, would get other bytes.",
    remedy: "Give the new one a version of its own (`versions`).",
  },
  CHECKPOINT_REPLACE_BLIND: {
    means:
      "A checkpoint was to be replaced, and the cluster that may run it could not be looked at. Nothing is replaced on a guess.",
    remedy: "Let the role list Deployments in the cluster, or give the new one a version of its own (`versions`).",
  },
  CHECKPOINT_PREFIXES_OVERLAP: {
    means: "A checkpoint would be copied into itself: its source and its prefix lie one within the other.",
    remedy: "Give what is there already as `prefix` of the model, or use another `prefix` for the copies.",
  },
  CHECKPOINT_PREFIX_EMPTY: {
    means: "A prefix that is said to hold a checkpoint holds nothing.",
    remedy: "Correct the prefix (`models.<key>.prefix`), or give `checkpoint` so that it is uploaded.",
    guide: "A stale or misspelled checkpoint path syncs nothing and the pod never starts.",
  },
  CHECKPOINT_INCOMPLETE: {
    means:
      "What lies in the bucket is not what the manifest says: files are missing, or were changed by somebody else.",
    remedy: "Run sync-checkpoints again: it uploads what is missing and proves the rest.",
  },
  CHECKPOINT_EXTRA_FILES: {
    means:
      "Files lie below a model's prefix that are not part of the checkpoint. The model server may download them too.",
    remedy: "Look at them; delete-extra: true deletes them, but for complete checkpoints of their own.",
  },
  CHECKPOINT_RACE: {
    means: "Somebody else wrote below the same prefix at the same time.",
    remedy: "Let one run at a time sync a model; run again when the other has ended.",
  },
  CHECKPOINT_CHECKSUM: {
    means:
      "S3 does not report the checksum that was computed here. The file was not committed, or its model has no manifest.",
    remedy: "Run again; if it stays so, look for a proxy that rewrites traffic.",
  },
  CHECKPOINT_ENCRYPTION: {
    means: "The bucket's key may not be used, or its encryption settings refuse the upload.",
    remedy: "Grant kms:GenerateDataKey and kms:Decrypt on the key, or correct kms-key-arn.",
  },
  CHECKPOINT_DELETE: {
    means: "S3 did not delete objects that delete-extra asked for.",
    remedy: "Grant s3:DeleteObject below the prefix, then run again.",
  },
};
