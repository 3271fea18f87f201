import { gunzip, unzstd } from "../bytes/inflate.ts";
import { inOrder, type OrderedOptions } from "../bytes/ordered.ts";
import type { ByteStream, Source } from "../bytes/source.ts";

/** How an archive is packed. `unknown`: neither its first bytes nor its name say so. */
export type ArchiveKind = "tar" | "tar.gz" | "tar.zst" | "unknown";

/** The kind of an archive by its first 512 bytes, which know better than its name; a tar of the oldest writers has no mark, so its name decides. */
export function kindOf(name: string, start: Uint8Array): ArchiveKind {
  if (start[0] === 0x1f && start[1] === 0x8b) return "tar.gz";
  if (isZstd(start)) return "tar.zst";
  if (Buffer.from(start.subarray(257, 262)).toString("latin1") === "ustar") return "tar";
  return /\.tar(?![\w.])/i.test(name) ? "tar" : "unknown";
}

/** A zstd frame, or one of the skippable frames that some writers put first (RFC 8878, 3.1). */
function isZstd(start: Uint8Array): boolean {
  const [a = 0, b, c, d] = start;
  return (
    (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) ||
    ((a & 0xf0) === 0x50 && b === 0x2a && c === 0x4d && d === 0x18)
  );
}

/** Reads the first bytes of `source` to learn its kind. */
export async function sniff(source: Source, signal?: AbortSignal): Promise<ArchiveKind> {
  const start = Buffer.alloc(Math.min(512, source.size));
  await source.read(0, start, signal);
  return kindOf(source.label, start);
}

/** The bytes of the tar inside a compressed source, in one pass, read ahead in parallel. Closing it closes `source`. */
export function unpacked(source: Source, kind: "tar" | "tar.gz" | "tar.zst", options: OrderedOptions = {}): ByteStream {
  const stream = inOrder(source, options);
  if (kind === "tar.gz") return gunzip(stream);
  return kind === "tar.zst" ? unzstd(stream) : stream;
}
