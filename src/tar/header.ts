import { UserError } from "../errors.ts";

/** A block, the unit of a tar: headers are one, data is padded to a multiple. */
export const blockSize = 512;

/** The fields of one header block that matter here. */
export interface Header {
  readonly path: string;
  /** The type flag as a character. */
  readonly flag: string;
  readonly size: number;
  readonly mode: number;
  readonly linkpath: string;
  /** An old GNU sparse header: further blocks with its map follow the header. */
  readonly extendedSparse: boolean;
}

/** Whether a block is nothing but zeros. */
export function isZero(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/**
 * Reads a header block of any of the formats: v7, ustar (POSIX.1-1988), GNU, pax (POSIX.1-2001), star. `undefined` where its checksum is
 * wrong, so it is no header at all. Throws `TAR_HEADER_INVALID` where a number makes no sense.
 */
export function parseHeader(block: Uint8Array, at: number, label: string): Header | undefined {
  if (!checksumHolds(block)) return undefined;
  const magic = ascii(block, 257, 8);
  const flag = String.fromCharCode(block[156] || 0x30);
  const gnu = magic === "ustar  \0";
  return {
    flag,
    path: join(prefixOf(block, magic), text(block, 0, 100)),
    size: number(block, 124, 12, at, label),
    mode: number(block, 100, 8, at, label) & 0o7777,
    linkpath: text(block, 157, 100),
    extendedSparse: gnu && flag === "S" && block[482] !== 0,
  };
}

/** An error about the header at `at`, in bytes from the start of the archive. */
export function badHeader(label: string, at: number, what: string): UserError {
  return new UserError("TAR_HEADER_INVALID", {
    happened: `${label} is damaged: the header at byte ${at} ${what}.`,
    next: "Transfer the archive again and compare its SHA-256 with what Poolside published.",
  });
}

/** The sum of all bytes, its own field counted as spaces; old writers summed signed bytes. */
function checksumHolds(block: Uint8Array): boolean {
  const stored = octal(ascii(block, 148, 8));
  if (stored === undefined) return false;
  let unsigned = 8 * 0x20;
  let signed = unsigned;
  for (let at = 0; at < blockSize; at += 1) {
    if (at >= 148 && at < 156) continue;
    const byte = block[at]!;
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  return stored === unsigned || stored === signed;
}

/** The part of a long path before the name: 155 bytes in ustar, 131 in star; GNU keeps other things there. */
function prefixOf(block: Uint8Array, magic: string): string {
  if (!magic.startsWith("ustar\0")) return "";
  return text(block, 345, ascii(block, 508, 4) === "tar\0" ? 131 : 155);
}

function join(prefix: string, name: string): string {
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** A number: octal digits, or big-endian binary where the first bit is set (GNU, for sizes of 8 GiB and more). */
function number(block: Uint8Array, offset: number, length: number, at: number, label: string): number {
  const first = block[offset]!;
  if (first & 0x80) {
    let value = first & 0x40 ? -1n : BigInt(first & 0x3f);
    for (let i = 1; i < length; i += 1) value = (value << 8n) | BigInt(block[offset + i]!);
    if (value < 0n || value > Number.MAX_SAFE_INTEGER) throw badHeader(label, at, "has an impossible number");
    return Number(value);
  }
  const value = octal(ascii(block, offset, length));
  if (value === undefined) throw badHeader(label, at, "has something other than a number where one belongs");
  return value;
}

/** Octal digits between spaces, ended by a space or NUL; nothing at all is 0. */
function octal(field: string): number | undefined {
  const digits = /^ *([0-7]*)(?:[ \0]|$)/.exec(field)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits || "0", 8);
}

function ascii(block: Uint8Array, offset: number, length: number): string {
  return String.fromCharCode(...block.subarray(offset, offset + length));
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** A field's text, up to its first NUL; what is no UTF-8 becomes U+FFFD. */
function text(block: Uint8Array, offset: number, length: number): string {
  const field = block.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return utf8.decode(end < 0 ? field : field.subarray(0, end));
}

/** The text of one of GNU's long names, which ends with a NUL; one in its middle stays, for the policy to see. */
export function longText(bytes: Uint8Array): string {
  return utf8.decode(bytes).replace(/\0+$/, "");
}
