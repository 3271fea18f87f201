import { type Held, hold } from "../../bytes/lent.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { BlobBody } from "../registry/blobs.ts";

/**
 * A blob on its way from a stream to the registry: chunks of the stream that are held, without a copy. A kept one's stay until it is let go, so it
 * can be sent again; of any other, each chunk is free as soon as it was sent, and a second attempt is not possible. A stream all of whose memory is
 * held waits.
 */
export class Spool {
  readonly blob: Descriptor;
  private readonly kept: boolean;
  private readonly filled: Held[] = [];
  private ended = false;
  private gone = false;
  private failure: unknown;
  private wake = () => {};

  constructor(blob: Descriptor, kept: boolean) {
    this.blob = blob;
    this.kept = kept;
  }

  /** Whether anybody still wants the bytes. */
  get wanted(): boolean {
    return !this.gone;
  }

  /** Takes a chunk over: it is released here. */
  take(held: Held): void {
    if (this.gone) held.release();
    else this.filled.push(held);
    this.wake();
  }

  /** Takes all of `data`, as long as anybody wants it. */
  async fill(data: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const chunk of data) {
        if (!this.wanted) return;
        this.take(hold(chunk));
      }
      this.end();
    } catch (thrown) {
      this.fail(thrown);
      throw thrown;
    }
  }

  /** The last byte was taken. */
  end(): void {
    this.ended = true;
    this.wake();
  }

  /** The stream broke: whoever reads hears of it. */
  fail(reason: unknown): void {
    this.failure = reason;
    this.wake();
  }

  /** Nobody needs the bytes (any more): what is held is released, and so is what still comes. */
  letGo(): void {
    this.gone = true;
    for (const { release } of this.filled.splice(0)) release();
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

  private async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = 0; ; ) {
      const next = this.filled[at];
      if (next) {
        yield next.bytes;
        if (this.kept) at += 1;
        else this.filled.shift()?.release();
      } else if (this.failure !== undefined) throw this.failure;
      else if (this.ended || this.gone) return;
      else await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}
