/** A member of a tar that a test writes, field by field, so that it can also be wrong. */
export interface Written {
  readonly path: string;
  readonly data?: Uint8Array;
  readonly flag?: string;
  readonly linkpath?: string;
  /** What the size field says; the length of `data` where absent. */
  readonly size?: number;
  /** How a path or size that is too long for its field is written (pax). */
  readonly format?: "ustar" | "gnu" | "pax";
  /** Records of an extended header before it. */
  readonly pax?: Readonly<Record<string, string>>;
}

const block = 512;

/** The archive with its end marker. */
export function writeTar(members: readonly Written[]): Buffer {
  return Buffer.concat([...members.map(writeMember), Buffer.alloc(2 * block)]);
}

/** One member with all its headers, its data padded. */
export function writeMember(member: Written): Buffer {
  const { data = new Uint8Array(0), flag = "0", format = "pax", linkpath = "" } = member;
  const size = member.size ?? data.length;
  const records: Record<string, string> = { ...member.pax };
  const before: Buffer[] = [];
  if (format === "pax") {
    if (Buffer.byteLength(member.path) > 100) records["path"] ??= member.path;
    if (size > 0o77777777777) records["size"] ??= String(size);
  }
  if (format === "gnu" && Buffer.byteLength(member.path) > 100) before.push(longName(member.path));
  if (Object.keys(records).length > 0) before.push(paxHeader(records, "x"));
  return Buffer.concat([...before, header({ ...member, flag, linkpath, size, format }), padded(data)]);
}

export function paxHeader(records: Readonly<Record<string, string>>, flag: "x" | "g"): Buffer {
  const data = Buffer.concat(Object.entries(records).map(([key, value]) => record(key, value)));
  return Buffer.concat([header({ path: "PaxHeader", flag, size: data.length, format: "ustar" }), padded(data)]);
}

/** `<length> key=value\n`, where the length counts its own digits. */
function record(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function longName(path: string): Buffer {
  const data = Buffer.from(`${path}\0`);
  return Buffer.concat([header({ path: "././@LongLink", flag: "L", size: data.length, format: "gnu" }), padded(data)]);
}

export function header(fields: Written & { readonly size: number }): Buffer {
  const bytes = Buffer.alloc(block);
  Buffer.from(fields.path).copy(bytes, 0, 0, 100);
  bytes.write("0000644\0", 100);
  bytes.write("0000000\0", 108);
  bytes.write("0000000\0", 116);
  if (fields.size <= 0o77777777777) bytes.write(fields.size.toString(8).padStart(11, "0"), 124);
  else if (fields.format === "gnu") {
    bytes[124] = 0x80;
    bytes.writeBigUInt64BE(BigInt(fields.size), 128);
  } else bytes.write("00000000000", 124);
  bytes.write("14371573400", 136);
  bytes.write(fields.flag ?? "0", 156);
  Buffer.from(fields.linkpath ?? "").copy(bytes, 157, 0, 100);
  bytes.write(fields.format === "gnu" ? "ustar  \0" : "ustar\u000000", 257, "latin1");
  return sealed(bytes);
}

/** The header with its checksum made right. */
export function sealed(bytes: Buffer): Buffer {
  bytes.fill(0x20, 148, 156);
  let sum = 0;
  for (const byte of bytes) sum += byte;
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return bytes;
}

function padded(data: Uint8Array): Buffer {
  return Buffer.concat([data, Buffer.alloc((block - (data.length % block)) % block)]);
}
