import type { Context } from "../../action/context.ts";

/** Bytes of all models together: how many must be in S3, and how many are. */
export interface Progress {
  /** More work was found: a compressed archive tells its files only as they come. */
  expect(bytes: number): void;
  /** Bytes that are in S3 now; `sent`: this run moved them. */
  add(bytes: number, sent: boolean): void;
  readonly done: number;
  readonly sent: number;
  readonly total: number;
}

export function trackProgress(ctx: Pick<Context, "emit">, total: number): Progress {
  let done = 0;
  let sent = 0;
  let all = total;
  return {
    get done() {
      return done;
    },
    get sent() {
      return sent;
    },
    get total() {
      return all;
    },
    expect(bytes) {
      all += bytes;
    },
    add(bytes, moved) {
      done += bytes;
      if (moved) sent += bytes;
      ctx.emit({ kind: "progress", task: "checkpoints", done, total: all, unit: "bytes" });
    },
  };
}
