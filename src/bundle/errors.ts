import type { Catalogue } from "../errors.ts";

/** Codes of the deployment bundle, its archives and its chart. */
export const bundleErrors: Catalogue = {
  BUNDLE_NOT_FOUND: {
    means: "The bundle is not where the input or the spec says.",
    remedy: "Give the extracted bundle, its .tar or .tar.gz, s3://bucket/key, or env:NAME of a presigned URL.",
  },
  BUNDLE_NOT_ONE: {
    means: "What was given is no deployment bundle, no folder of image archives and no image archive.",
    remedy:
      "Give the folder that holds scripts/, containers/ and charts/, or the archive that Poolside sent, unchanged.",
  },
  BUNDLE_NO_IMAGES: {
    means: "The bundle holds no image archive (containers/<image-name>__<anything>.tar).",
    remedy: "Check that the bundle was extracted completely and that its files keep their names.",
  },
  BUNDLE_ARCHIVE_COMPRESSED: {
    means: "An image archive inside the bundle is compressed itself, so it cannot be read.",
    remedy: "Use the bundle as Poolside sent it: its archives are plain .tar files.",
  },
  BUNDLE_PARTS_TOO_LARGE: {
    means: "What a bundle holds beside its images is too much to be unpacked onto the runner's disk.",
    remedy: "Leave extract-to out, or use the bundle as Poolside sent it.",
  },
  BUNDLE_NOT_EXTRACTED: {
    means: "A small part of the bundle cannot be written into extract-to.",
    remedy: "Name a folder in extract-to that the job may write to, on a disk that has room.",
  },
  IMAGE_FILE_NAME: {
    means: "An archive's file name does not say which image it is, or two archives say the same.",
    remedy: "Keep the names that the bundle came with: <image-name>__<anything>.tar, one archive per image.",
  },
  CHART_NOT_FOUND: {
    means: "No chart is where the input says, or the bundle holds none.",
    remedy: "Give chart: the folder charts/inference of the bundle, a .tgz, or its place in records (s3://...tgz).",
  },
  CHART_INVALID: {
    means: "The chart cannot be read: Chart.yaml or values.yaml is missing or broken, or its archive is damaged.",
    remedy: "Use the chart as it came in the bundle.",
  },
  CHART_ALTERED: {
    means: "The chart does not have the digest under which it was kept.",
    remedy: "Run push-images again: it keeps the bundle's chart anew.",
  },
};
