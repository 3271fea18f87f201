import type { Context } from "../../action/context.ts";

/** Bytes of all images together, for progress lines; and how many of them were really sent. */
export class Progress {
  private readonly ctx: Context;
  private readonly total: number | undefined;
  private done = 0;
  private uploadedBytes = 0;

  /** `total` is unknown while a stream is read. */
  constructor(total: number | undefined, ctx: Context) {
    this.total = total;
    this.ctx = ctx;
  }

  /** Bytes that left for the registry and were taken. */
  get uploaded(): number {
    return this.uploadedBytes;
  }

  /** Bytes that left; a negative number takes a failed attempt back. */
  sent(bytes: number): void {
    this.uploadedBytes += bytes;
    this.advance(bytes);
  }

  /** Bytes that need not be sent. */
  spared(bytes: number): void {
    this.advance(bytes);
  }

  private advance(bytes: number): void {
    this.done += bytes;
    this.ctx.emit({ kind: "progress", task: "images", done: this.done, total: this.total, unit: "bytes" });
  }
}
