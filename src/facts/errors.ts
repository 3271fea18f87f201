import type { Catalogue } from "../errors.ts";

/** Codes of observations that several rooms need. */
export const factsErrors: Catalogue = {
  API_KEY_REFERENCE: {
    means: "`api-key-from` is no reference to a secret.",
    remedy: "Write secretsmanager:<arn>#<key> or ssm:<name>.",
  },
  BASELINE_INVALID: {
    means: "`baseline` names nothing that holds results of a smoke test.",
    remedy: "Give latest, the SHA-256 of a record, or the path of a record or of a smoke-test's report.",
  },
  API_KEY_EMPTY: {
    means: "The place that `api-key-from` names holds no key.",
    remedy: "Put the key there as text (a field of the secret's JSON where one is named), or give api-key.",
  },
  BUCKET_NOT_FOUND: {
    means: "The bucket does not exist.",
    remedy: "Correct `bucket` (`checkpoints.bucket` in the spec), or create it.",
  },
  BUCKET_REFUSED: {
    means:
      "The bucket is owned by another account than the expected one, or the role may not list it. Nothing was written.",
    remedy: "Check the bucket's name and owner (`bucket-owner`), and that the role has s3:ListBucket on it.",
  },
  BUCKET_REGION: {
    means: "The bucket lies in another region than the run works in. Nothing was written.",
    remedy: "Set aws-region to the bucket's region, or name a bucket in this one.",
  },
  BUCKET_DIRECTORY: {
    means: "The bucket is a directory bucket (S3 Express).",
    remedy: "Use a general purpose bucket.",
  },
  CHECKPOINT_MANIFEST_INVALID: {
    means: "The manifest below a model's prefix cannot be read: it was edited or damaged.",
    remedy: "Remove it and sync the model again; files that are there already are compared and kept.",
  },
};
