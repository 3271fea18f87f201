import type { Catalogue } from "../errors.ts";

/** Codes of the release spec. */
export const specErrors: Catalogue = {
  SPEC_NOT_FOUND: {
    means: "The input `spec` names a file that is not there or cannot be read.",
    remedy: "Correct the path (it starts at the workspace), and check out the repository before the step.",
  },
  SPEC_YAML: {
    means:
      "The spec is not the YAML that it has to be: one document, no duplicate keys, no tabs as indentation, no circular aliases, at most 1 MiB, and no plain word that YAML 1.1 and 1.2 read differently (yes, NO, 0123).",
    remedy: "Mend the named lines. Quote what is meant as text; write true or false where a flag is meant.",
  },
  SPEC_INVALID: {
    means:
      "The spec has keys or values that do not exist. The message lists all of them, each with its line and the nearest known key.",
    remedy:
      "Mend the named lines. With the first line `# yaml-language-server: $schema=...` an editor shows them while writing.",
  },
  SPEC_ENVIRONMENT_UNKNOWN: {
    means: "The input `environment` names no entry of `environments` in the spec.",
    remedy: "Use one of the names that the message lists, or add the entry (it may be empty).",
  },
};
