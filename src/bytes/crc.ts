import { crc32 as zlibCrc32 } from "node:zlib";
import { combineReflected } from "./crc-combine.ts";
import { crc64Nvme as tableCrc64Nvme } from "./crc64nvme.ts";
import { inNearPieces } from "./near.ts";

/**
 * A checksum that S3 can keep for a whole object of many parts: `update` continues from `previous`, `combine` joins the checksums of two
 * neighbours without reading their bytes again, `base64` is how S3 writes it in `x-amz-checksum-*`. Values are unsigned integers.
 */
export interface Crc {
  /** S3's name of it: `ChecksumAlgorithm`. */
  readonly algorithm: "CRC32" | "CRC64NVME";
  /** The header that carries it. */
  readonly header: "x-amz-checksum-crc32" | "x-amz-checksum-crc64nvme";
  /** Value of no bytes. */
  readonly empty: bigint;
  update(chunk: Uint8Array, previous: bigint): bigint;
  /** Value of a followed by b, where b has `bytesOfB` bytes. */
  combine(a: bigint, b: bigint, bytesOfB: number): bigint;
  base64(value: bigint): string;
  /** The value of S3's base64 form; throws a `RangeError` where it has not the right length. */
  parse(text: string): bigint;
}

/** CRC-32 (ISO-HDLC), by zlib: some 3,000 MB/s. */
export const crc32: Crc = {
  algorithm: "CRC32",
  header: "x-amz-checksum-crc32",
  empty: 0n,
  update: (chunk, previous) => BigInt(crc32Of(chunk, Number(previous))),
  combine: combineReflected(32, 0xedb88320n),
  base64: (value) => toBase64(value, 4),
  parse: (text) => fromBase64(text, 4),
};

/** CRC-64/NVME: what S3 computes by itself where nothing else was asked for. In JavaScript, so several times slower than CRC-32. */
export const crc64Nvme: Crc = {
  algorithm: "CRC64NVME",
  header: "x-amz-checksum-crc64nvme",
  empty: 0n,
  update: tableCrc64Nvme,
  combine: combineReflected(64, 0x9a6c9329ac4bc9b5n),
  base64: (value) => toBase64(value, 8),
  parse: (text) => fromBase64(text, 8),
};

function crc32Of(chunk: Uint8Array, previous: number): number {
  let value = previous;
  inNearPieces(chunk, (piece) => {
    value = zlibCrc32(piece, value);
  });
  return value;
}

function toBase64(value: bigint, bytes: 4 | 8): string {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(value);
  return buffer.subarray(8 - bytes).toString("base64");
}

function fromBase64(text: string, bytes: 4 | 8): bigint {
  const buffer = Buffer.from(text, "base64");
  if (buffer.length !== bytes || buffer.toString("base64") !== text)
    throw new RangeError(`"${text}" is no base64 of ${bytes} bytes`);
  return BigInt(`0x${buffer.toString("hex")}`);
}
