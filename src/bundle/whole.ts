import type { Source } from "../bytes/source.ts";
import { InternalError } from "../errors.ts";

/** All bytes of a small source; whoever calls it has looked at `size`. */
export async function readWhole(source: Source, signal: AbortSignal): Promise<Buffer> {
  const bytes = Buffer.alloc(source.size);
  for (let at = 0; at < bytes.length; ) {
    const got = await source.read(at, bytes.subarray(at), signal);
    if (got === 0)
      throw new InternalError("INTERNAL", {
        happened: `${source.label} gave ${at} of ${source.size} bytes.`,
        next: "Please report it with the log of this run.",
      });
    at += got;
  }
  return bytes;
}

/** All bytes of a small member that passes; whoever calls it has looked at its size. */
export async function collect(data: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of data) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
