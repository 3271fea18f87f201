import type { Catalogue } from "../errors.ts";

export const cliErrors: Catalogue = {
  CLI_USAGE: {
    means:
      "The command line cannot be understood: an unknown command or option, or a value that is missing. The exit code is 2.",
    remedy: "Follow the message; `eks-deploy --help` lists the commands, `eks-deploy <command> --help` its options.",
  },
  CLI_SPEC_EXISTS: {
    means: "`spec init` found a file where it would write the spec; nothing was changed.",
    remedy: "Give another place with `--output`, or move the file away.",
  },
};
