import type { Catalogue } from "../errors.ts";

/** Codes of images: what is in an archive, what the registry says, what ECR allows. */
export const imagesErrors: Catalogue = {
  BUNDLE_SHA256_MISMATCH: {
    means: "The bundle's bytes do not have the SHA-256 that bundle-sha256 asks for.",
    remedy: "Transfer the bundle again; if it still differs, compare bundle-sha256 with what Poolside published.",
  },
  IMAGE_NOT_IN_BUNDLE: {
    means: "The input images names an image that the bundle does not hold.",
    remedy: "Correct the name, or leave images empty to push all.",
  },
  IMAGE_DOCKER_ARCHIVE: {
    means: "An archive has docker's own format (manifest.json) instead of an OCI image layout.",
    remedy:
      "Convert it: skopeo copy docker-archive:FILE oci-archive:NEW_FILE:TAG, or use the archive that Poolside sent.",
  },
  IMAGE_ARCHIVE_INVALID: {
    means: "An image archive is damaged or is no OCI image layout; nothing of it was tagged.",
    remedy: "Transfer the bundle again and compare its SHA-256 with what Poolside published.",
  },
  IMAGE_AMBIGUOUS: {
    means: "An archive holds several images, and nothing says which one is meant.",
    remedy: "Use one archive per image, or give the archive's index.json one reference name.",
  },
  IMAGE_TAG_INVALID: {
    means: "No valid tag follows from the archive's reference name or its file name.",
    remedy:
      "Name the archive <image-name>__<tag>.tar; a tag is at most 128 letters, digits, dots, dashes and underscores.",
  },
  IMAGE_CHART_MISMATCH: {
    means: "The chart presets another image or tag than the bundle's archives hold; pods would not start.",
    remedy: "Use the chart and the archives of one bundle.",
  },
  IMAGE_LAYER_TOO_LARGE: {
    means: "A layer is larger than Amazon ECR takes (52,000 MiB).",
    remedy: "Ask Poolside for an image with smaller layers.",
  },
  IMAGE_MANIFEST_TOO_LARGE: {
    means: "A manifest is larger than Amazon ECR takes (4,194,304 characters).",
    remedy: "Ask Poolside for an image with fewer layers.",
  },
  IMAGE_TAG_TAKEN: {
    means: "The tag is immutable and already names another digest.",
    remedy:
      "A tag in ECR is never moved. Push under another tag or repository-prefix, or find out who pushed that image.",
  },
  IMAGE_ARCHIVED: {
    means: "The image is in ECR's archive storage class and cannot be pulled.",
    remedy: "Restore it: aws ecr update-image-storage-class --target-storage-class STANDARD, then run again.",
  },
  IMAGE_NOT_VERIFIED: {
    means: "The registry does not give back the digest that was pushed.",
    remedy: "Run again; if it stays so, look for a proxy that rewrites registry traffic.",
  },
  IMAGES_FROM_RECORD: {
    means: "An image that the release record names is not in this registry and cannot be copied.",
    remedy: "Push it from its bundle into this account, then run again.",
  },
  IMAGES_PULL_DENIED: {
    means: "The account that proved a release does not let this one pull an image from its registry.",
    remedy:
      "Let the repository's policy there allow the pull (pull-accounts), and the role here by its own policy; or promote with copy: stream.",
  },
  LAYER_DAMAGED: {
    means: "A layer's bytes do not have the digest that its manifest names; the layer was not committed.",
    remedy: "Transfer the bundle again and compare its SHA-256 with what Poolside published.",
  },
  REPOSITORY_MISSING: {
    means: "A repository does not exist, and create-repositories is false.",
    remedy: "Create it, or set create-repositories: true.",
    guide:
      "If image pulls fail, confirm the GPU node group's instance role has the `AmazonEC2ContainerRegistryReadOnly` policy and that the `atlas` repository exists in ECR.",
  },
  REPOSITORY_NAME: {
    means: "A repository's name, with repository-prefix, is none that Amazon ECR takes, or too long (256 characters).",
    remedy: "Correct repository-prefix, or the record that names it.",
  },
  REPOSITORY_QUOTA: {
    means: "The account may not have more repositories.",
    remedy: "Raise the quota of Amazon ECR, or remove repositories that nobody uses.",
  },
  REPOSITORY_KEY: {
    means: "ECR cannot use the KMS key in encryption-key for a new repository.",
    remedy:
      "Use an enabled symmetric key of this region, and give the role the rights on it that docs/permissions.md lists.",
  },
  REPOSITORY_FILTERS: {
    means: "tag-mutability and tag-mutability-exclusions do not fit together.",
    remedy: "Give 1 to 5 filters with the two settings that end in _WITH_EXCLUSION, and none with the others.",
  },
  REPOSITORY_STRANGER: {
    means: "A setting was asked for on a repository that eks-deploy did not make.",
    remedy: "Leave the setting out; existing repositories are used as they are.",
  },
  REGISTRY_UNREACHABLE: {
    means: "The registry could not be reached, or closed the connection again and again.",
    remedy:
      "Check the runner's way to <account>.dkr.ecr.<region>.amazonaws.com (proxy, endpoint, firewall), then run again.",
  },
  REGISTRY_DENIED: {
    means: "The registry refuses these credentials.",
    remedy: "Grant the transfer role the ECR actions of docs/permissions.md on these repositories.",
  },
  REGISTRY_REFUSED: {
    means: "The registry refused a request.",
    remedy:
      "Read the registry's own words in the message: they say what it does not take. Ask Poolside for an image that Amazon ECR takes.",
  },
  REGISTRY_BUSY: {
    means: "The registry kept answering that it is overloaded or broken.",
    remedy: "Run again later: finished blobs are not sent again. Lower concurrency if it throttles.",
  },
};
