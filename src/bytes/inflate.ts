import type { Transform } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { Cancelled, EksDeployError, UserError } from "../errors.ts";
import { chunkSize } from "./chunks.ts";
import type { ByteStream } from "./source.ts";

type Engine = Transform & { readonly bytesWritten: number };

interface Codec {
  readonly name: string;
  create(): Engine;
  /** What may stand behind the end that the engine saw: another frame, or nothing but the zeros that some writers pad with. */
  readonly afterEnd: "frame" | "zeros";
}

const gzip: Codec = { name: "gzip", create: () => createGunzip({ chunkSize }), afterEnd: "zeros" };
const zstd: Codec = { name: "zstd", create: () => createZstdDecompress({ chunkSize }), afterEnd: "frame" };

/**
 * The bytes inside a gzip stream, of one member or several, in chunks of at most 512 KiB; a few MiB are in memory. Errors while it is read:
 * `SOURCE_TRUNCATED` where it ends too early, `SOURCE_DAMAGED` where it is no gzip, a checksum is wrong, or something other than zeros follows.
 */
export function gunzip(stream: ByteStream): ByteStream {
  return inflated(stream, gzip);
}

/** The bytes inside a zstd stream, of one frame or several; memory is that of the frame's window, at most 128 MiB. Errors as those of `gunzip`. */
export function unzstd(stream: ByteStream): ByteStream {
  return inflated(stream, zstd);
}

function inflated(stream: ByteStream, codec: Codec): ByteStream {
  return {
    label: stream.label,
    identity: `${codec.name}(${stream.identity})`,
    chunks: (signal) => inflate(stream, codec, signal),
    close: () => stream.close(),
  };
}

async function* inflate(stream: ByteStream, codec: Codec, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const input = new Input(stream.chunks(signal));
  try {
    do {
      const engine = codec.create();
      const feeding = feed(engine, input).catch((error: unknown) => void engine.destroy(error as Error));
      try {
        for await (const chunk of engine) {
          if (signal?.aborted) throw new Cancelled();
          yield chunk as Uint8Array;
        }
      } finally {
        engine.destroy();
        await feeding;
      }
    } while (codec.afterEnd === "frame" && (await input.peek()));
    await onlyZeros(input, stream.label);
  } catch (error) {
    throw explained(error, codec, stream.label);
  } finally {
    await input.close();
  }
}

/** Writes chunk by chunk, and waits until the engine has taken each, because the next one may lie in the same memory. */
async function feed(engine: Engine, input: Input): Promise<void> {
  const over = new Promise<void>((resolve) => engine.once("end", resolve).once("close", resolve));
  for (;;) {
    const chunk = await input.peek();
    if (engine.destroyed || engine.readableEnded) return;
    if (!chunk) {
      engine.end();
      return;
    }
    const before = engine.bytesWritten;
    await Promise.race([over, new Promise<void>((resolve) => engine.write(chunk, () => resolve()))]);
    const taken = engine.bytesWritten - before;
    input.take(taken);
    if (taken < chunk.length) return;
  }
}

async function onlyZeros(input: Input, label: string): Promise<void> {
  for (let chunk = await input.peek(); chunk; chunk = await input.peek()) {
    if (chunk.some((byte) => byte !== 0))
      throw damaged(label, "Something that does not belong to it follows its end.", undefined);
    input.take(chunk.length);
  }
}

/** The input's chunks, of which any part can be taken. */
class Input {
  private readonly iterator: AsyncIterator<Uint8Array>;
  private current: Uint8Array | undefined;
  private ended = false;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.iterator = chunks[Symbol.asyncIterator]();
  }

  /** What was not taken yet of the current chunk, or the next one; `undefined` at the end. Never empty. */
  async peek(): Promise<Uint8Array | undefined> {
    while (!this.ended && (this.current === undefined || this.current.length === 0)) {
      const { done, value } = await this.iterator.next();
      this.ended = done === true;
      this.current = done ? undefined : value;
    }
    return this.current;
  }

  take(bytes: number): void {
    this.current = this.current?.subarray(bytes);
  }

  async close(): Promise<void> {
    if (!this.ended) await this.iterator.return?.();
  }
}

function explained(error: unknown, codec: Codec, label: string): unknown {
  if (error instanceof EksDeployError) return error;
  const { code, message } = error as { code?: string; message?: string };
  if (code === "Z_BUF_ERROR")
    return new UserError("SOURCE_TRUNCATED", {
      happened: `${label} ends in the middle of its ${codec.name} data.`,
      next: "Transfer it again and compare its size and SHA-256 with what Poolside published.",
      cause: error,
    });
  if (code?.startsWith("Z_") || code?.startsWith("ZSTD_"))
    return damaged(label, `It is not ${codec.name}, or damaged: ${message}.`, error);
  return error;
}

function damaged(label: string, why: string, cause: unknown): UserError {
  return new UserError("SOURCE_DAMAGED", {
    happened: `${label} cannot be unpacked. ${why}`,
    next: "Transfer it again and compare its SHA-256 with what Poolside published.",
    cause,
  });
}
