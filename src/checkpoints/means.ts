import type { Context } from "../action/context.ts";
import type { Aws } from "../aws/session.ts";

/** What opening a source needs. */
export interface Means {
  readonly ctx: Context;
  readonly aws: Aws;
  /** Who writes may not read here, so S3 cannot copy by itself. */
  readonly streams?: boolean;
}
