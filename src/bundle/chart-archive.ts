import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { UserError } from "../errors.ts";

/** A chart as one file: the same files give the same bytes on every machine, so that its SHA-256 names it. */
export interface ChartArchive {
  readonly bytes: Buffer;
  /** Lower-case hex. */
  readonly sha256: string;
}

/**
 * Packs `files` below `<name>/` as helm expects a `.tgz`: ustar, sorted paths, mode 0644, time 0.
 * The gzip members are stored, not deflated: compressors differ between processors and versions, and then so would the digest.
 */
export function packChart(name: string, files: ReadonlyMap<string, Buffer>): ChartArchive {
  const parts: Buffer[] = [];
  // helm takes the first Chart.yaml it meets for the chart's own, whatever the order; sorted is enough.
  for (const path of [...files.keys()].sort()) {
    const content = files.get(path)!;
    parts.push(header(`${name}/${path}`, content.length), content, Buffer.alloc((512 - (content.length % 512)) % 512));
  }
  parts.push(Buffer.alloc(1024));
  const bytes = gzipStored(Buffer.concat(parts));
  return { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}

function header(path: string, size: number): Buffer {
  const [prefix, name] = splitPath(path);
  const bytes = Buffer.alloc(512);
  bytes.write(name, 0);
  bytes.write(octal(0o644, 7), 100);
  bytes.write(octal(0, 7), 108);
  bytes.write(octal(0, 7), 116);
  bytes.write(octal(size, 11), 124);
  bytes.write(octal(0, 11), 136);
  bytes.fill(" ", 148, 156);
  bytes.write("0", 156);
  bytes.write("ustar\u000000", 257);
  bytes.write(prefix, 345);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${octal(sum, 6)}\u0000 `, 148);
  return bytes;
}

/** ustar: a name of 100 bytes, and a prefix of 155 that ends at a slash. */
function splitPath(path: string): readonly [string, string] {
  if (Buffer.byteLength(path) <= 100) return ["", path];
  for (let cut = path.indexOf("/"); cut !== -1; cut = path.indexOf("/", cut + 1)) {
    if (Buffer.byteLength(path.slice(cut + 1)) <= 100 && Buffer.byteLength(path.slice(0, cut)) <= 155)
      return [path.slice(0, cut), path.slice(cut + 1)];
  }
  throw new UserError("CHART_INVALID", {
    happened: `The chart holds a path that is too long for a chart archive: ${path}.`,
    next: "Shorten it to at most 100 bytes after the last folder.",
  });
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

/** RFC 1952 around stored blocks of RFC 1951: no compressor takes part. */
function gzipStored(data: Buffer): Buffer {
  const parts: Buffer[] = [Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])];
  for (let offset = 0; offset === 0 || offset < data.length; offset += 0xffff) {
    const block = data.subarray(offset, offset + 0xffff);
    const head = Buffer.alloc(5);
    head.writeUInt8(offset + block.length >= data.length ? 1 : 0, 0);
    head.writeUInt16LE(block.length, 1);
    head.writeUInt16LE(block.length ^ 0xffff, 3);
    parts.push(head, block);
  }
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(crc32(data), 0);
  tail.writeUInt32LE(data.length >>> 0, 4);
  return Buffer.concat([...parts, tail]);
}
