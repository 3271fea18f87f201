import type { Catalogue } from "../errors.ts";

/** Codes of reading bytes, wherever they lie. */
export const bytesErrors: Catalogue = {
  SOURCE_NOT_FOUND: {
    means: "A file, object or URL that an input names does not exist.",
    remedy: "Correct the path or key; paths start from the workspace of the job.",
  },
  SOURCE_DENIED: {
    means: "A file, object or URL may not be read.",
    remedy:
      "Give the role s3:GetObject on the object (and kms:Decrypt on its key), or the file's read permission to the runner's user.",
  },
  SOURCE_UNUSABLE: {
    means: "A source is no file that can be read at random: a folder where a file is wanted, or a device.",
    remedy: "Name a regular file, an object in S3 or a URL.",
  },
  SOURCE_CHANGED: {
    means: "A file or object changed while it was read, so what was read does not belong together.",
    remedy: "Wait until whoever writes it has finished, then run again.",
  },
  SOURCE_TRUNCATED: {
    means: "A source ended before its time: a compressed file is cut, or a file is shorter than it was.",
    remedy: "Transfer the file again and compare its size and SHA-256 with what Poolside published.",
  },
  SOURCE_DAMAGED: {
    means:
      "A compressed file is damaged, is not what its name says, has something behind its end, or needs a dictionary or a window of more than 128 MiB.",
    remedy:
      "Transfer the file again and compare its SHA-256 with what Poolside published, or pack it anew as the message says.",
  },
};
