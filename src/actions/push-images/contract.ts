import { isAccount } from "../../action/checks.ts";
import { commonInputs, commonOutputs, releaseInputs } from "../../action/common.ts";
import type { Ambient } from "../../action/context.ts";
import { defineContract, InputProblem } from "../../action/contract.ts";
import { bytes, choice, flag, integer, list, text } from "../../action/inputs.ts";
import { integerOutput, jsonOutput, textOutput } from "../../action/outputs.ts";
import { parseSource, source } from "../../action/references.ts";
import type { BundleRef } from "../../images/connect.ts";
import type { PlacedImage } from "../../images/plan.ts";

/** A job that takes over what an earlier one pushed does not have the presigned URL, and does not need it. */
function orUnset(raw: unknown, ambient: Ambient): BundleRef {
  const variable = typeof raw === "string" && raw.trim().startsWith("env:") ? raw.trim().slice(4) : undefined;
  if (variable !== undefined && !ambient.named(variable)) return { kind: "unset", variable };
  return parseSource(raw, ambient);
}

function isSha256(value: string): void {
  if (!/^[0-9a-f]{64}$/.test(value)) throw new InputProblem(`must be 64 lower-case hex digits; it is "${value}"`);
}

function isPrefix(value: string): void {
  const inner = value.replaceAll(/^\/+|\/+$/g, "");
  if (/\.dkr[.-]ecr\./.test(inner))
    throw new InputProblem(`is put before the names of repositories; leave the registry's host out of it: "${value}"`);
  if (inner !== "" && !/^[a-z0-9]+(?:[._/-][a-z0-9]+)*$/.test(inner))
    throw new InputProblem(
      `must be lower-case letters and digits, with ".", "_", "-" or "/" between; it is "${value}"`,
    );
}

const leastMemory = 64 * 2 ** 20;

function asMemory(raw: unknown): number {
  const value = bytes({ description: "", default: "256MiB" }).parse(raw, undefined as never) as number;
  if (value < leastMemory) throw new InputProblem("must be at least 64MiB");
  return value;
}

const pullAccounts = list({
  description: "Accounts that may pull from repositories that we make.",
  example: "310987654321",
  spec: "images.pullAccounts",
});

export const contract = defineContract({
  name: "push-images",
  title: "Poolside on EKS: push images",
  description: "Push the bundle's images to Amazon ECR: verified by digest, resumable, nothing written to disk.",
  inputs: {
    bundle: {
      ...source({
        description:
          "Bundle folder, `.tar`, `.tar.gz`, a folder of image archives, or one archive; on disk, in S3 (`s3://bucket/key`, a folder as `s3://bucket/prefix/`), or one file behind a presigned URL as `env:NAME`.",
        example: "./poolside-2611",
        spec: "images.bundle",
      }),
      parse: orUnset,
    },
    "bundle-sha256": text({
      description:
        "SHA-256 that the bundle's file must have; no tag is written before it was compared. A `.tar` whose images all stand is not read, and the report says so.",
      spec: "images.sha256",
      check: isSha256,
    }),
    images: list({
      description: "Names of the images to push; all when empty.",
      example: "atlas",
      spec: "images.images",
    }),
    "repository-prefix": text({
      default: "",
      description: "Put before every repository's name, with a slash between.",
      example: "poolside",
      spec: "images.repositoryPrefix",
      check: isPrefix,
    }),
    "create-repositories": flag({
      default: "true",
      description: "Whether missing repositories are created; existing ones are never changed.",
      spec: "images.createRepositories",
    }),
    "tag-mutability": choice(["IMMUTABLE", "MUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"], {
      default: "IMMUTABLE",
      description: "Tag mutability of repositories that we make.",
      spec: "images.tagMutability",
    }),
    "tag-mutability-exclusions": list({
      description: "1 to 5 filters of tags that are excepted, for the two settings with exclusions.",
      example: "latest*",
      spec: "images.tagMutabilityExclusions",
    }),
    "scan-on-push": choice(["registry", "true", "false"], {
      default: "registry",
      description: "Scanning of repositories that we make; `registry`: what the registry's own settings say.",
      spec: "images.scanOnPush",
    }),
    "encryption-key": text({
      description: "ARN of the KMS key of repositories that we make. Default: AES256.",
      example: "arn:aws:kms:us-east-2:210987654321:key/1b2c",
      spec: "images.encryptionKey",
    }),
    "pull-accounts": {
      ...pullAccounts,
      parse(raw: unknown, ambient: Ambient) {
        const accounts = pullAccounts.parse(raw, ambient);
        for (const account of accounts) isAccount(account);
        return accounts;
      },
    },
    "extract-to": text({
      description: "Folder for the small parts of a bundle that is not extracted: charts, scripts, docs.",
      example: "bundle",
      spec: "images.extractTo",
    }),
    concurrency: integer({
      min: 1,
      max: 256,
      default: "16",
      description: "Requests at once, over all images together.",
      spec: "images.concurrency",
    }),
    memory: {
      ...bytes({
        default: "256MiB",
        description: "Memory for a compressed bundle, which passes once.",
        spec: "images.memory",
      }),
      parse: asMemory,
    },
    release: releaseInputs.release,
    ...commonInputs("transfer"),
  },
  outputs: {
    registry: textOutput("Host of the registry, with the prefix of repositories: the chart's `image.registry`."),
    images: jsonOutput<Readonly<Record<string, PlacedImage>>>(
      "Images by name (JSON): repository, tag, digest, uri, size, and whether they were pushed or present.",
    ),
    "images-bytes-uploaded": integerOutput("Bytes that were sent to the registry."),
    "images-bytes-total": integerOutput("Bytes of all images together; what they share counts once."),
    "bundle-dir": textOutput("Folder with charts and scripts: the extracted bundle, or `extract-to`."),
    bundle: textOutput("What was read: the bundle's place as it may be shown, or the record."),
    "bundle-identity": textOutput(
      "What stands for a compressed bundle in the plan: its SHA-256, or size and ETag; empty for others.",
    ),
    chart: textOutput("Chart of the bundle: its place in `records`, else a `.tgz` on the runner."),
    "chart-sha256": textOutput("SHA-256 of the chart's archive."),
    ...commonOutputs,
  },
});
