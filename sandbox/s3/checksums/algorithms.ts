import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import {
  combineCrcs,
  crc32cPolynomial,
  crc32Polynomial,
  crc64nvmePolynomial,
  type Piece,
  type Polynomial,
} from "./combine.ts";
import { crc32c, crc64nvme } from "./crc.ts";

/** Checksum algorithms that S3 and the SDKs share. S3 knows more; these are the ones that are computed here. */
export const algorithms = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const;
export type Algorithm = (typeof algorithms)[number];

/** How the checksum of a multipart object came about: over the whole, or over the checksums of its parts (`<value>-<parts>`). */
export type ChecksumType = "FULL_OBJECT" | "COMPOSITE";

/** Checksum of an object as S3 keeps it; `value` in base64. */
export interface Checksum {
  readonly algorithm: Algorithm;
  readonly type: ChecksumType;
  readonly value: string;
}

export interface Digester {
  update(chunk: Uint8Array): void;
  digest(): Buffer;
}

/** Length of a value in bytes. */
export const digestLengths: Readonly<Record<Algorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
};

const polynomials: Readonly<Partial<Record<Algorithm, Polynomial>>> = {
  CRC32: crc32Polynomial,
  CRC32C: crc32cPolynomial,
  CRC64NVME: crc64nvmePolynomial,
};

export function digester(algorithm: Algorithm): Digester {
  switch (algorithm) {
    case "CRC32":
      return zlibCrc32();
    case "CRC32C":
      return crcDigester(crc32c());
    case "CRC64NVME":
      return crcDigester(crc64nvme());
    case "SHA1":
    case "SHA256": {
      const hash = createHash(algorithm.toLowerCase());
      return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest() };
    }
  }
}

/** Checksum of `chunks`, in base64. */
export function checksumOf(algorithm: Algorithm, chunks: Iterable<Uint8Array>): string {
  const computing = digester(algorithm);
  for (const chunk of chunks) computing.update(chunk);
  return computing.digest().toString("base64");
}

/** Whether a whole's checksum follows from its parts' (all CRCs). */
export function isLinear(algorithm: Algorithm): boolean {
  return polynomials[algorithm] !== undefined;
}

/** Full-object checksum from the parts' checksums (base64) and sizes, in order. CRCs only. */
export function fullObject(
  algorithm: Algorithm,
  parts: readonly { readonly checksum: string; readonly size: number }[],
): string {
  const polynomial = polynomials[algorithm];
  if (!polynomial) throw new Error(`${algorithm} of a whole does not follow from its parts`);
  const pieces: Piece[] = parts.map(({ checksum, size }) => ({
    crc: BigInt(`0x${Buffer.from(checksum, "base64").toString("hex")}`),
    size,
  }));
  const digits = polynomial.width / 4;
  return Buffer.from(combineCrcs(polynomial, pieces).toString(16).padStart(digits, "0"), "hex").toString("base64");
}

/** Checksum over the parts' checksums, with their number, as S3 writes composite ones. */
export function composite(algorithm: Algorithm, parts: readonly { readonly checksum: string }[]): string {
  const values = parts.map(({ checksum }) => Buffer.from(checksum, "base64"));
  return `${checksumOf(algorithm, values)}-${parts.length}`;
}

function zlibCrc32(): Digester {
  let value = 0;
  return {
    update(chunk) {
      value = crc32(chunk, value);
    },
    digest() {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      return bytes;
    },
  };
}

function crcDigester(crc: { update(chunk: Uint8Array): void; value(): Buffer }): Digester {
  return { update: (chunk) => crc.update(chunk), digest: () => crc.value() };
}
