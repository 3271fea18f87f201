import { Cancelled, UserError } from "../errors.ts";
import { strayBytes } from "./inflate-thread.ts";
import { beginInflation, type Codec, InflateError, type Inflation } from "./inflation.ts";
import type { ByteStream } from "./source.ts";

interface Packing extends Omit<Codec, "memory"> {
  readonly name: string;
}

const gzip: Packing = { name: "gzip", engine: "createGunzip", afterEnd: "zeros" };
const zstd: Packing = { name: "zstd", engine: "createZstdDecompress", afterEnd: "frame" };

/**
 * The bytes inside a gzip stream, of one member or several, in chunks of at most 2 MiB, which can be held; `memory` bytes of them, or a few MiB, are
 * in memory. Errors while it is read:
 * `SOURCE_TRUNCATED` where it ends too early, `SOURCE_DAMAGED` where it is no gzip, a checksum is wrong, or something other than zeros follows.
 */
export function gunzip(stream: ByteStream, memory = 0): ByteStream {
  return inflated(stream, { ...gzip, memory });
}

/** The bytes inside a zstd stream, of one frame or several; in memory is also the frame's window, at most 128 MiB. Otherwise as `gunzip`. */
export function unzstd(stream: ByteStream, memory = 0): ByteStream {
  return inflated(stream, { ...zstd, memory });
}

function inflated(stream: ByteStream, packing: Packing & Codec): ByteStream {
  return {
    label: stream.label,
    identity: `${packing.name}(${stream.identity})`,
    chunks: (signal) => inflate(stream, packing, signal),
    close: () => stream.close(),
  };
}

async function* inflate(
  stream: ByteStream,
  packing: Packing & Codec,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const inflation = beginInflation(packing);
  // A reader whose stream waits, since all is held, hears of it as well.
  const cancel = () => inflation.fail(new Cancelled());
  signal?.addEventListener("abort", cancel, { once: true });
  const pouring = pour(stream.chunks(signal), inflation);
  try {
    for await (const chunk of inflation.chunks()) {
      if (signal?.aborted) throw new Cancelled();
      yield chunk;
    }
  } catch (error) {
    throw error instanceof InflateError ? explained(error, packing, stream.label) : error;
  } finally {
    signal?.removeEventListener("abort", cancel);
    inflation.close();
    await pouring;
  }
}

async function pour(chunks: AsyncIterable<Uint8Array>, inflation: Inflation): Promise<void> {
  try {
    for await (const chunk of chunks) if (!(await inflation.write(chunk))) return;
    inflation.end();
  } catch (error) {
    inflation.fail(error);
  }
}

/** What zstd says of a frame that is whole but needs more than is there; what it means, and how it can be packed anew. */
const unreadable = [
  {
    said: "too much memory",
    why: "It was packed with a window of more than 128 MiB (zstd --long of more than 27)",
    unpack: "zstd -d --long=31",
  },
  {
    said: "Dictionary mismatch",
    why: "It was packed with a dictionary, which is not in it",
    unpack: "zstd -d -D DICTIONARY",
  },
] as const;

function explained(error: InflateError, { name }: Packing, label: string): UserError {
  const { code, message } = error;
  if (code === "Z_BUF_ERROR")
    return new UserError("SOURCE_TRUNCATED", {
      happened: `${label} ends in the middle of its ${name} data.`,
      next: "Transfer it again and compare its size and SHA-256 with what Poolside published.",
      cause: error,
    });
  const needs = unreadable.find(({ said }) => message.includes(said));
  if (needs)
    return new UserError("SOURCE_DAMAGED", {
      happened: `${label} cannot be unpacked. ${needs.why}.`,
      next: `Pack it anew: ${needs.unpack} < OLD.tar.zst | zstd > NEW.tar.zst`,
      cause: error,
    });
  const why =
    code === strayBytes
      ? "Something that does not belong to it follows its end."
      : `It is not ${name}, or damaged: ${message}.`;
  return new UserError("SOURCE_DAMAGED", {
    happened: `${label} cannot be unpacked. ${why}`,
    next: "Transfer it again and compare its SHA-256 with what Poolside published.",
    cause: error,
  });
}
