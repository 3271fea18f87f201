import { badHeader } from "./header.ts";

/** Records of an extended header; an empty value takes back what a global header said. */
export type PaxRecords = ReadonlyMap<string, string>;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads records of the form `<length> <key>=<value>\n`, where the length counts the whole record (POSIX.1-2001). `at` is for messages. */
export function parsePax(bytes: Uint8Array, at: number, label: string): PaxRecords {
  const records = new Map<string, string>();
  let offset = 0;
  while (offset < bytes.length && bytes[offset] !== 0) {
    const space = bytes.indexOf(0x20, offset);
    const digits = space < 0 ? "" : decoder.decode(bytes.subarray(offset, space));
    const length = /^[1-9]\d{0,8}$/.test(digits) ? Number(digits) : 0;
    const end = offset + length;
    const equals = bytes.indexOf(0x3d, space);
    if (length === 0 || end > bytes.length || bytes[end - 1] !== 0x0a || equals < 0 || equals >= end)
      throw badHeader(label, at, "holds a broken pax record");
    records.set(decoder.decode(bytes.subarray(space + 1, equals)), decoder.decode(bytes.subarray(equals + 1, end - 1)));
    offset = end;
  }
  return records;
}

/** The size that a pax header gives, which is exact where the header's own field is too short for it. */
export function paxSize(value: string, at: number, label: string): number {
  const size = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw badHeader(label, at, "has an impossible pax size");
  return size;
}

/** Whether the records are of a sparse file, in one of GNU's three formats (0.0, 0.1, 1.0), or of the star writer's. */
export function paxSparse(records: PaxRecords): boolean {
  return [...records.keys()].some((key) => key.startsWith("GNU.sparse.") || key === "SCHILY.realsize");
}
