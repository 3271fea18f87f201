import { UserError } from "../errors.ts";
import type { Cursor } from "./cursor.ts";
import { badHeader, blockSize, type Header, isZero, longText, parseHeader } from "./header.ts";
import type { MemberType, TarMember } from "./member.ts";
import { shown } from "./names.ts";
import { type PaxRecords, parsePax, paxSize, paxSparse } from "./pax.ts";

/** A name or an extended header is not longer than this; the longest that writers make are some kilobytes. */
const longestExtension = 1_048_576;
/** Bytes behind the end marker that are looked at together. */
const trailer = 65_536;
/** More members than any release has; an archive of endless empty files must not fill the memory. */
const mostMembers = 250_000;

const types: Readonly<Record<string, MemberType>> = {
  "0": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character-device",
  "4": "block-device",
  "5": "folder",
  "6": "fifo",
  "7": "file",
  S: "sparse",
};

/** Type flags without data, whatever the size field says: links, devices, folders, FIFOs. */
const withoutData = /[1-6]/;

/** What extended headers said about the next member. */
interface Extension {
  readonly from: number;
  readonly pax?: PaxRecords;
  readonly path?: string;
  readonly linkpath?: string;
}

/**
 * The members of the archive under `cursor`, in order. Before the next member is asked for, the caller may read this one's data at the cursor;
 * what it leaves is skipped. Ends only at two blocks of zeros. Errors: `TAR_NOT_A_TAR`, `TAR_TRUNCATED`, `TAR_HEADER_INVALID`, `TAR_TRAILING_DATA`, `TAR_TOO_MANY`.
 */
export async function* membersOf(cursor: Cursor): AsyncGenerator<TarMember, void, undefined> {
  const { label } = cursor;
  const globals = new Map<string, string>();
  let extension: Extension | undefined;
  for (let count = 0; ; ) {
    const at = cursor.position;
    const block = await cursor.take(blockSize);
    if (block.length < blockSize)
      throw at === 0 ? notATar(label, block) : truncated(cursor, "its end marker is missing");
    if (isZero(block)) {
      if (extension) throw badHeader(label, extension.from, "belongs to no member");
      await endsHere(cursor, at);
      return;
    }
    const header = parseHeader(block, at, label);
    if (!header) throw at === 0 ? notATar(label, block) : badHeader(label, at, "has a wrong checksum");
    if (/[xXgLK]/.test(header.flag)) {
      const bytes = await extensionBytes(cursor, header, at);
      if (header.flag === "g") merge(globals, parsePax(bytes, at, label));
      else extension = extended(extension ?? { from: at }, header.flag, bytes, at, label);
      continue;
    }
    if (header.extendedSparse) await skipSparseMap(cursor, at);
    const member = memberOf(header, at, cursor.position, globals, extension, label);
    extension = undefined;
    count += 1;
    if (count > mostMembers) throw tooMany(label);
    const end = member.offset + member.size;
    if (cursor.size !== undefined && end > cursor.size) throw truncated(cursor, `${shown(member.path)} is cut`);
    yield member;
    if (!(await cursor.advance(end + padding(end - member.offset))))
      throw truncated(cursor, `${shown(member.path)} is cut`);
  }
}

/** An error about an archive that ends too early. */
export function truncated(cursor: Pick<Cursor, "label">, what: string): UserError {
  return new UserError("TAR_TRUNCATED", {
    happened: `${cursor.label} ends too early: ${what}.`,
    next: "Transfer the archive again and compare its size and SHA-256 with what Poolside published.",
  });
}

/** How files begin that are taken for a tar. */
const beginnings: readonly (readonly [string, RegExp])[] = [
  ["compressed by gzip", /^\x1f\x8b/],
  ["compressed by zstd", /^\x28\xb5\x2f\xfd/],
  ["compressed by xz", /^\xfd7zXZ/],
  ["compressed by bzip2", /^BZh\d/],
  ["a zip file", /^PK[\x03\x05]/],
  ["a web page", /^\s*<(?:!doctype|html|\?xml)/i],
];

function notATar(label: string, start: Uint8Array): UserError {
  const text = Buffer.from(start.subarray(0, 64)).toString("latin1");
  const [what] = beginnings.find(([, form]) => form.test(text)) ?? [];
  const is = start.length === 0 ? "it is empty" : what ? `it is ${what}` : "it does not begin with a tar header";
  return new UserError("TAR_NOT_A_TAR", {
    happened: `${label} is no tar archive: ${is}.`,
    next: `Name the .tar, .tar.gz or .tar.zst that Poolside sent, and check that it was downloaded whole.${what?.startsWith("compressed") ? " What is compressed inside an archive must be unpacked first." : ""}`,
  });
}

function tooMany(label: string): UserError {
  return new UserError("TAR_TOO_MANY", {
    happened: `${label} holds more than ${mostMembers} members.`,
    next: "Use an archive that holds one checkpoint or one bundle, as Poolside sent it.",
  });
}

function padding(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}

async function extensionBytes(cursor: Cursor, header: Header, at: number): Promise<Uint8Array> {
  if (header.size > longestExtension) throw badHeader(cursor.label, at, "announces an endless name or extended header");
  const bytes = Uint8Array.from(await cursor.take(header.size));
  if (bytes.length < header.size || !(await cursor.advance(cursor.position + padding(header.size))))
    throw truncated(cursor, "an extended header is cut");
  return bytes;
}

/** A second header of the same kind is refused: readers differ in which of both they believe. */
function extended(before: Extension, flag: string, bytes: Uint8Array, at: number, label: string): Extension {
  const kind = flag === "L" ? "path" : flag === "K" ? "linkpath" : "pax";
  if (before[kind] !== undefined) throw badHeader(label, at, "is one too many for its member");
  return { ...before, [kind]: kind === "pax" ? parsePax(bytes, at, label) : longText(bytes) };
}

/** Later records win; an empty one takes back what an earlier one said. */
function merge(into: Map<string, string>, records: PaxRecords): void {
  for (const [key, value] of records)
    if (value === "") into.delete(key);
    else into.set(key, value);
}

/** An old GNU sparse file has blocks with the rest of its map before the data; each says at byte 504 whether another follows. */
async function skipSparseMap(cursor: Cursor, at: number): Promise<void> {
  for (let more = true; more; ) {
    const block = await cursor.take(blockSize);
    if (block.length < blockSize) throw truncated(cursor, `the map of the sparse file at byte ${at} is cut`);
    more = block[504] !== 0;
  }
}

/** Extended headers win over GNU's long names, and these over the header's own fields. */
function memberOf(
  header: Header,
  at: number,
  offset: number,
  globals: PaxRecords,
  extension: Extension | undefined,
  label: string,
): TarMember {
  const pax = new Map(globals);
  if (extension?.pax) merge(pax, extension.pax);
  const path = pax.get("GNU.sparse.name") ?? pax.get("path") ?? extension?.path ?? header.path;
  const linkpath = pax.get("linkpath") ?? extension?.linkpath ?? header.linkpath;
  const size = pax.get("size");
  const type = typeOf(header.flag, path, pax);
  const bytes = size === undefined ? header.size : paxSize(size, at, label);
  if (!Number.isSafeInteger(offset + bytes + blockSize)) throw badHeader(label, at, "has an impossible size");
  return {
    path,
    type,
    size: withoutData.test(header.flag) ? 0 : bytes,
    offset,
    headerOffset: extension?.from ?? at,
    mode: header.mode,
    ...(linkpath === "" ? {} : { linkpath }),
    pax: Object.fromEntries(pax),
  };
}

function typeOf(flag: string, path: string, pax: PaxRecords): MemberType {
  const type = types[flag] ?? "other";
  if (type !== "file") return type;
  if (paxSparse(pax)) return "sparse";
  // The oldest writers know no type for folders; they end their names with a slash.
  return path.endsWith("/") ? "folder" : "file";
}

/** The end is two blocks of zeros, and behind it nothing but padding, however long: GNU tar fills records of any size. */
async function endsHere(cursor: Cursor, at: number): Promise<void> {
  const second = await cursor.take(blockSize);
  if (second.length < blockSize) throw truncated(cursor, "its end marker is cut");
  if (!isZero(second)) throw badHeader(cursor.label, at, "is empty, although the archive goes on");
  for (;;) {
    const padding = await cursor.take(trailer);
    if (!isZero(padding))
      throw new UserError("TAR_TRAILING_DATA", {
        happened: `${cursor.label} goes on after its end marker (at byte ${at}); tools that read it would leave out the rest.`,
        next: "Use one archive per file, as Poolside sent it.",
      });
    if (padding.length < trailer) return;
  }
}
