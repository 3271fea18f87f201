import { UserError } from "../errors.ts";

/** The command line is wrong; exit code 2. */
export function usage(happened: string, next: string): UserError {
  return new UserError("CLI_USAGE", { happened, next });
}
