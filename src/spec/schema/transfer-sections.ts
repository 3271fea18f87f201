import { bytes, choice, flag, integer, list, section, text, textMap } from "./builders.ts";
import { patterns } from "./patterns.ts";

const roleExample = "arn:aws:iam::210987654321:role/eks-deploy-deploy";

export const aws = section(
  {
    description: "Where the release goes. Another account than the named one stops everything before the first write.",
    examples: [{ region: "us-east-2", account: "210987654321" }],
  },
  {
    region: text({ description: "AWS region.", examples: ["us-east-2"] }, { pattern: patterns.region }),
    account: text(
      { description: "AWS account id, 12 digits, in quotes.", examples: ["210987654321"] },
      { pattern: patterns.account },
    ),
    roles: section(
      {
        description: "Roles to assume with the job's OIDC token, one per duty. Without them: ambient credentials.",
        examples: [{ deploy: roleExample }],
      },
      {
        plan: text(
          { description: "For plans and everything that only reads.", examples: [roleExample] },
          { pattern: patterns.roleArn },
        ),
        transfer: text(
          { description: "For pushing images and syncing checkpoints.", examples: [roleExample] },
          { pattern: patterns.roleArn },
        ),
        deploy: text(
          { description: "For identity, values, Helm and removal.", examples: [roleExample] },
          { pattern: patterns.roleArn },
        ),
      },
    ),
  },
);

export const images = section(
  {
    description: "The deployment bundle and the repositories of its images.",
    examples: [{ bundle: "s3://acme-intake/poolside-2611.tar.gz" }],
  },
  {
    bundle: text({
      description: "Bundle folder, `.tar`, `.tar.gz`, `s3://bucket/key`, or `env:NAME` with a presigned URL.",
      examples: ["s3://acme-intake/poolside-2611.tar.gz", "env:BUNDLE_URL"],
    }),
    sha256: text(
      {
        description: "SHA-256 of the bundle's file, lower-case hex.",
        examples: ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
      },
      { pattern: patterns.sha256 },
    ),
    images: list({ description: "Names of the images to push; all when empty.", examples: [["atlas"]], default: [] }),
    repositoryPrefix: text({ description: "Put before every repository name.", examples: ["poolside/"], default: "" }),
    createRepositories: flag({
      description: "Whether missing repositories are created.",
      examples: [false],
      default: true,
    }),
    tagMutability: choice(["IMMUTABLE", "MUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"], {
      description: "Tag mutability of repositories that are created.",
      examples: ["IMMUTABLE"],
      default: "IMMUTABLE",
    }),
    tagMutabilityExclusions: list({
      description: "1 to 5 filters of tags that are excepted.",
      examples: [["latest*"]],
    }),
    scanOnPush: choice(["registry", "true", "false", true, false], {
      description: "Scanning of repositories that are created; `registry`: what the registry's own settings say.",
      examples: ["registry"],
      default: "registry",
    }),
    encryptionKey: text({
      description: "KMS key of repositories that are created.",
      examples: ["arn:aws:kms:us-east-2:210987654321:key/1b2c"],
    }),
    pullAccounts: list({
      description: "Accounts that may pull from repositories that are created.",
      examples: [["310987654321"]],
    }),
    extractTo: text({ description: "Folder for the small parts of a streamed bundle.", examples: ["bundle"] }),
    concurrency: integer(1, 256, { description: "Blobs at once.", examples: [16], default: 16 }),
    memory: bytes({ description: "Memory for compressed sources.", examples: ["256MiB"], default: "256MiB" }),
  },
);

export const checkpoints = section(
  { description: "Where checkpoints go in S3.", examples: [{ bucket: "acme-models-dev" }] },
  {
    bucket: text(
      { description: "Bucket of the checkpoints.", examples: ["acme-models-dev"] },
      { pattern: patterns.bucket },
    ),
    prefix: text({
      description: "Prefix below which every model has its own.",
      examples: ["checkpoints"],
      default: "checkpoints",
    }),
    layout: choice(["versioned", "flat"], {
      description: "`versioned`: <prefix>/<key>/<version>/; `flat`: <prefix>/<key>/.",
      examples: ["versioned"],
      default: "versioned",
    }),
    versions: textMap({
      description: "Version by model key; default: the source's name without extension.",
      examples: [{ "laguna-m": "2611" }],
    }),
    replace: flag({
      description: "Allow other bytes under a version that is there.",
      examples: [false],
      default: false,
    }),
    stripComponents: {
      json: {
        type: ["string", "integer", "null"],
        pattern: "^(auto|[0-9])$",
        minimum: 0,
        maximum: 9,
        description: "Leading folders dropped from member paths; `auto`: exactly one top folder.",
        examples: ["auto", 1],
        default: "auto",
      },
    },
    expectedSha256: textMap({
      description: "SHA-256 of the archive by model key.",
      examples: [{ point: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }],
    }),
    verify: choice(["manifest", "checksum", "size"], {
      description: "How finished prefixes are proven.",
      examples: ["manifest"],
      default: "manifest",
    }),
    deleteExtra: flag({
      description: "Delete objects that do not belong to the checkpoint.",
      examples: [false],
      default: false,
    }),
    kmsKeyArn: text({
      description: "`auto` (the bucket's own), `none`, or the ARN of a key.",
      examples: ["auto"],
      default: "auto",
    }),
    bucketOwner: text(
      { description: "Account that owns the bucket; default: this one.", examples: ["210987654321"] },
      { pattern: patterns.account },
    ),
    partSize: bytes({ description: "Size of upload parts; grows by itself for huge files.", examples: ["64MiB"] }),
    concurrency: integer(1, 256, { description: "Parts at once.", examples: [32], default: 32 }),
  },
);
