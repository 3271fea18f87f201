import { sliceOf } from "../bytes/slice.ts";
import type { ByteStream, Source } from "../bytes/source.ts";
import { InternalError } from "../errors.ts";
import { type PassingCursor, passingCursor, seekCursor } from "./cursor.ts";
import type { TarMember } from "./member.ts";
import { membersOf, truncated } from "./walk.ts";

export interface WalkOptions {
  readonly signal?: AbortSignal;
  /** Bytes of one read of headers; by default 1 MiB over the network and 16 KiB of a file. */
  readonly window?: number;
}

/** The members of an uncompressed tar, found by seeking over their data. Errors: those of `membersOf`. */
export function walkTar(source: Source, options: WalkOptions = {}): AsyncGenerator<TarMember, void, undefined> {
  return membersOf(seekCursor(source, options.window, options.signal));
}

/** All members of an uncompressed tar; proves on the way that the archive is whole. */
export async function indexTar(source: Source, options: WalkOptions = {}): Promise<readonly TarMember[]> {
  const members: TarMember[] = [];
  for await (const member of walkTar(source, options)) members.push(member);
  return members;
}

/** The data of a member as a source; it stays good as long as `source` is open. */
export function dataOf(source: Source, member: TarMember): Source {
  return sliceOf(source, member.offset, member.size, `${source.label}!${member.path}`);
}

/** A member of a tar that passes once. */
export interface PassingMember {
  readonly member: TarMember;
  /** Its data, once; what is not read before the next member is asked for is skipped. A chunk is valid until the next one is asked for. */
  readonly data: AsyncIterable<Uint8Array>;
}

/**
 * The members of a tar that passes once, each with its data. Reads `stream` to its very end, so that a cut or damaged compressed file is told.
 * Errors: those of `membersOf`, and those of the stream.
 */
export async function* streamTar(
  stream: ByteStream,
  options: Pick<WalkOptions, "signal"> = {},
): AsyncGenerator<PassingMember, void, undefined> {
  const cursor = passingCursor(stream.label, stream.chunks(options.signal));
  try {
    for await (const member of membersOf(cursor)) yield { member, data: passingData(cursor, member) };
    await cursor.drain();
  } finally {
    await cursor.close();
  }
}

async function* passingData(cursor: PassingCursor, member: TarMember): AsyncGenerator<Uint8Array, void, undefined> {
  const end = member.offset + member.size;
  for (let expected = member.offset; expected < end; ) {
    if (cursor.position !== expected)
      throw new InternalError("INTERNAL", {
        happened: `The data of ${member.path} was asked for after it had passed.`,
        next: "Please report it with the log of this run.",
      });
    const piece = await cursor.some(end - expected);
    if (piece.length === 0) throw truncated(cursor, `${JSON.stringify(member.path)} is cut`);
    expected += piece.length;
    yield piece;
  }
}
