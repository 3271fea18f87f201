/** A file or folder of a tar that is being written. */
export interface Entry {
  readonly path: string;
  /** Absent for a folder. */
  readonly content?: Buffer;
  readonly mode?: number;
}

const block = 512;

/** A ustar archive of plain files and folders, the same bytes for the same entries. Paths of at most 100 bytes. */
export function tarOf(entries: readonly Entry[]): Buffer {
  const parts: Buffer[] = [];
  for (const entry of entries) {
    const content = entry.content ?? Buffer.alloc(0);
    parts.push(header(entry, content.length), content, Buffer.alloc((block - (content.length % block)) % block));
  }
  parts.push(Buffer.alloc(2 * block));
  return Buffer.concat(parts);
}

/** The header of an entry whose content has `size` bytes. */
export function header(entry: Omit<Entry, "content"> & { readonly content?: unknown }, size: number): Buffer {
  const folder = entry.content === undefined;
  const name = folder && !entry.path.endsWith("/") ? `${entry.path}/` : entry.path;
  if (Buffer.byteLength(name) > 100) throw new Error(`path too long for this writer: ${name}`);
  const bytes = Buffer.alloc(block);
  bytes.write(name, 0);
  bytes.write(octal(entry.mode ?? (folder ? 0o755 : 0o644), 7), 100);
  bytes.write(octal(0, 7), 108);
  bytes.write(octal(0, 7), 116);
  bytes.write(octal(size, 11), 124);
  bytes.write(octal(1_700_000_000, 11), 136);
  bytes.fill(" ", 148, 156);
  bytes.write(folder ? "5" : "0", 156);
  bytes.write("ustar\u000000", 257);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${octal(sum, 6)}\u0000 `, 148);
  return bytes;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}
