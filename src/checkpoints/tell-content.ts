import type { Context } from "../action/context.ts";
import { layoutDoubts } from "./layout.ts";

/** Tells what a user should know of a source's files, and what is no reason to refuse them: what is left out, and that there are no weights. */
export function tellContent(
  key: string,
  files: readonly { readonly path: string }[],
  leftOut: readonly string[],
  ctx: Pick<Context, "log">,
): void {
  if (leftOut.length > 0) {
    const more = leftOut.length > 3 ? ` and ${leftOut.length - 3} more` : "";
    ctx.log.info(`${key}: not uploaded, bookkeeping of other tools: ${leftOut.slice(0, 3).join(", ")}${more}`);
  }
  const doubt = layoutDoubts(files.map((file) => file.path));
  if (doubt === undefined) return;
  ctx.log.finding({
    code: "CHECKPOINT_NO_WEIGHTS",
    level: "warning",
    happened: `${key}: the checkpoint ${doubt}.`,
    next: "Check that this is the checkpoint's archive, and strip-components.",
  });
}
