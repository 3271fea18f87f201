import { type BufferPool, createPool, type Loan } from "../../bytes/buffers.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { BlobBody } from "../registry/blobs.ts";

/** Bytes of one buffer. */
const piece = 1_048_576;

export function spoolPool(budget: number): BufferPool {
  return createPool(Math.max(8 * piece, budget));
}

interface Filled {
  readonly loan: Loan;
  readonly length: number;
}

/**
 * A blob on its way from a stream to the registry, in buffers of one shared budget. A kept one stays in memory until it is let go, so it can be
 * sent again; of any other, each buffer is free as soon as it was sent, and a second attempt is not possible. Whoever fills it waits while the
 * budget is used up.
 */
export class Spool {
  readonly blob: Descriptor;
  private readonly pool: BufferPool;
  private readonly kept: boolean;
  private readonly filled: Filled[] = [];
  private current: { loan: Loan; length: number } | undefined;
  private ended = false;
  private gone = false;
  private failure: unknown;
  private wake = () => {};

  constructor(blob: Descriptor, pool: BufferPool, kept: boolean) {
    this.blob = blob;
    this.pool = pool;
    this.kept = kept;
  }

  /** Whether anybody still wants the bytes. */
  get wanted(): boolean {
    return !this.gone;
  }

  async write(chunk: Uint8Array, signal: AbortSignal): Promise<void> {
    for (let at = 0; at < chunk.length && !this.gone; ) {
      this.current ??= { loan: await this.pool.acquire(piece, signal), length: 0 };
      const { loan, length } = this.current;
      const part = chunk.subarray(at, at + piece - length);
      loan.bytes.set(part, length);
      this.current.length += part.length;
      at += part.length;
      if (this.current.length === piece) this.flush();
    }
    if (this.gone) this.letGo();
  }

  /** The last byte was written. */
  end(): void {
    this.flush();
    this.ended = true;
    this.wake();
  }

  /** The stream broke: whoever reads hears of it. */
  fail(reason: unknown): void {
    this.failure = reason;
    this.wake();
  }

  /** Nobody needs the bytes (any more): buffers are free, and what is still written is dropped. */
  letGo(): void {
    this.gone = true;
    for (const { loan } of this.filled.splice(0)) loan.release();
    this.current?.loan.release();
    this.current = undefined;
    this.wake();
  }

  /** The bytes, as the registry's side takes them. */
  asBody(): BlobBody {
    return {
      again: this.kept,
      whole: async () => {
        const parts: Buffer[] = [];
        for await (const chunk of this.chunks()) parts.push(Buffer.from(chunk));
        return Buffer.concat(parts);
      },
      body: () => ({ chunks: this.chunks(), size: this.blob.size }),
    };
  }

  private flush(): void {
    if (!this.current) return;
    this.filled.push(this.current);
    this.current = undefined;
    this.wake();
  }

  private async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = 0; ; ) {
      const next = this.filled[at];
      if (next) {
        yield next.loan.bytes.subarray(0, next.length);
        if (this.kept) at += 1;
        else this.filled.shift()?.loan.release();
      } else if (this.failure !== undefined) throw this.failure;
      else if (this.ended || this.gone) return;
      else await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}
