import type { Catalogue } from "../errors.ts";

/** Codes of reading tar archives. */
export const tarErrors: Catalogue = {
  TAR_NOT_A_TAR: {
    means: "A file that should be a tar archive does not begin like one.",
    remedy:
      "Check that the input names the .tar, .tar.gz or .tar.zst that Poolside sent, and that the download is complete.",
  },
  TAR_TRUNCATED: {
    means: "A tar archive ends before its end marker (two blocks of zeros): the file is cut, and files may be missing.",
    remedy: "Transfer the archive again and compare its size and SHA-256 with what Poolside published.",
  },
  TAR_HEADER_INVALID: {
    means: "A header inside a tar archive is damaged.",
    remedy: "Transfer the archive again and compare its SHA-256 with what Poolside published.",
  },
  TAR_TRAILING_DATA: {
    means: "Something follows the end marker of a tar archive, for example a second archive.",
    remedy:
      "Use one archive per file: an archive that was appended with `cat` is read only to the end of the first one.",
  },
  TAR_TOO_MANY: {
    means: "A tar archive holds more members than any checkpoint or bundle.",
    remedy: "Use an archive that holds one checkpoint or one bundle, as Poolside sent it.",
  },
  TAR_PATH_UNSAFE: {
    means:
      "A path in a tar archive is not safe to use: absolute, with `..`, empty, or with characters that no file of a checkpoint has.",
    remedy: "Do not use this archive; ask whoever made it for one with plain relative paths.",
  },
  TAR_TYPE_REFUSED: {
    means: "A tar archive holds something other than files and folders: a link, a device, a FIFO or a sparse file.",
    remedy:
      "Make the archive again with plain files: tar --dereference --hard-dereference -cf NEW.tar FOLDER (without --sparse).",
  },
  TAR_DUPLICATE: {
    means: "A path occurs twice in a tar archive, so it is not clear which of both files is meant.",
    remedy:
      "Make the archive again from its folder; archives that were updated with `tar --append` or `--update` hold old and new files.",
  },
};
