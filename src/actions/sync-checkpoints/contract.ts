import { isAccount, isBucket } from "../../action/checks.ts";
import { clusterInputs, commonInputs, commonOutputs, releaseInputs } from "../../action/common.ts";
import type { Ambient } from "../../action/context.ts";
import { defineContract, type Located, type SpecFinder } from "../../action/contract.ts";
import { bytes, choice, flag, integer, map, text } from "../../action/inputs.ts";
import { integerOutput, jsonOutput } from "../../action/outputs.ts";
import { sources } from "../../action/references.ts";
import {
  checkPartSize,
  isKeyPrefix,
  isKmsKey,
  parseCheckpoints,
  parseDigests,
  parseStrip,
} from "../../checkpoints/inputs.ts";
import type { ManifestSummary } from "../../checkpoints/plan.ts";

/** The sources that the spec's models name. */
function checkpointsOf(find: SpecFinder): Located | undefined {
  const models = find("models");
  if (typeof models?.value !== "object" || models.value === null) return undefined;
  const entries = Object.entries(models.value as Record<string, { checkpoint?: unknown } | null>)
    .map(([key, model]) => [key, model?.checkpoint] as const)
    .filter(([, checkpoint]) => checkpoint !== undefined && checkpoint !== null);
  if (entries.length === 0) return undefined;
  return { value: Object.fromEntries(entries), origin: `${models.origin} (models.<key>.checkpoint)`, at: models.at };
}

const partSize = bytes({
  description:
    "Size of the parts of large files. Default: 16MiB, or 8MiB of what comes over the network; more where a file needs it.",
  example: "64MiB",
  spec: "checkpoints.partSize",
});

export const contract = defineContract({
  name: "sync-checkpoints",
  title: "Poolside on EKS: sync checkpoints",
  description:
    "Bring model checkpoints into S3: unpacked on the way, linted, verified, resumable, nothing written to disk.",
  inputs: {
    checkpoints: {
      ...sources({
        description:
          "Source by model key: `.tar`, `.tar.gz`, `.tar.zst`, a folder, `s3://bucket/object.tar`, `s3://bucket/prefix/`, or a presigned URL as `env:NAME`.",
        example: "laguna-m=s3://acme-intake/laguna_m_2611.tar",
        spec: checkpointsOf,
      }),
      parse: parseCheckpoints,
    },
    bucket: text({
      description: "Bucket that the model servers read from.",
      example: "acme-models-dev",
      spec: "checkpoints.bucket",
      check: isBucket,
    }),
    prefix: text({
      default: "checkpoints",
      description: "Prefix below which every model has its own.",
      spec: "checkpoints.prefix",
      check: isKeyPrefix,
    }),
    layout: choice(["versioned", "flat"], {
      default: "versioned",
      description:
        "`versioned`: `<prefix>/<key>/<version>/`, so that a rollback finds its bytes; `flat`: `<prefix>/<key>/`.",
      spec: "checkpoints.layout",
    }),
    versions: map({
      description: "Version by model key. Default: the source's name without extension.",
      example: "laguna-m=2611",
      spec: "checkpoints.versions",
    }),
    replace: flag({
      default: "false",
      description:
        "Allow other bytes under a version that is there; refused while the live release or a kept record refers to it.",
      spec: "checkpoints.replace",
    }),
    "strip-components": {
      ...text({
        default: "auto",
        description: "Leading folders dropped from an archive's paths; `auto`: exactly one top folder.",
        spec: "checkpoints.stripComponents",
      }),
      parse: parseStrip,
    },
    "expected-sha256": {
      ...map({
        description: "SHA-256 of the archive by model key; compared before anything can be deployed from it.",
        spec: "checkpoints.expectedSha256",
      }),
      parse: parseDigests,
    },
    verify: choice(["manifest", "checksum", "size"], {
      default: "manifest",
      description:
        "How a prefix is proven: size and ETag of every object against the manifest; the checksum of each, asked from S3; or sizes only.",
      spec: "checkpoints.verify",
    }),
    "delete-extra": flag({
      default: "false",
      description: "Delete objects below a model's prefix that are not part of its checkpoint; else they are told.",
      spec: "checkpoints.deleteExtra",
    }),
    "kms-key-arn": text({
      default: "auto",
      description: "Key of new objects: `auto` (as the bucket has it), `none` (S3's own), or the ARN of a KMS key.",
      spec: "checkpoints.kmsKeyArn",
      check: isKmsKey,
    }),
    "bucket-owner": text({
      description: "Account that must own the bucket. Default: the account of the credentials.",
      example: "210987654321",
      spec: "checkpoints.bucketOwner",
      check: isAccount,
    }),
    "part-size": {
      ...partSize,
      parse: (raw: unknown, ambient: Ambient) => checkPartSize(partSize.parse(raw, ambient)),
    },
    concurrency: integer({
      min: 1,
      max: 256,
      default: "32",
      description: "Requests at once, over all models together.",
      spec: "checkpoints.concurrency",
    }),
    ...clusterInputs(false),
    namespace: releaseInputs.namespace,
    ...commonInputs("transfer"),
  },
  outputs: {
    prefixes: jsonOutput<Readonly<Record<string, string>>>("Prefix by model key (JSON): `s3://...`."),
    manifests: jsonOutput<Readonly<Record<string, ManifestSummary>>>(
      "Manifest by model key (JSON): digest, files, bytes, parameters.",
    ),
    "checkpoints-bytes-uploaded": integerOutput("Bytes that were sent to the bucket."),
    "checkpoints-bytes-total": integerOutput("Bytes of all checkpoints together."),
    ...commonOutputs,
  },
});
