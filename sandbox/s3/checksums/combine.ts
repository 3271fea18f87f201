/** A reflected CRC by its polynomial (reflected) and width in bits. */
export interface Polynomial {
  readonly width: number;
  readonly reflected: bigint;
}

export const crc32Polynomial: Polynomial = { width: 32, reflected: 0xedb88320n };
export const crc32cPolynomial: Polynomial = { width: 32, reflected: 0x82f63b78n };
export const crc64nvmePolynomial: Polynomial = { width: 64, reflected: 0x9a6c9329ac4bc9b5n };

/** One piece of a whole: its CRC and its length in bytes. */
export interface Piece {
  readonly crc: bigint;
  readonly size: number;
}

/**
 * CRC of pieces laid end to end, from the CRCs of the pieces: each earlier CRC is moved on by x^(8n) modulo the polynomial.
 * Holds for CRCs that start from and end with an inversion, as all of S3's do. Source: zlib's `crc32_combine`.
 */
export function combineCrcs(polynomial: Polynomial, pieces: readonly Piece[]): bigint {
  const steps = new Map<number, bigint>();
  let whole = 0n;
  for (const { crc, size } of pieces) {
    let step = steps.get(size);
    if (step === undefined) {
      step = power(polynomial, size);
      steps.set(size, step);
    }
    whole = multiply(polynomial, step, whole) ^ crc;
  }
  return whole;
}

/** x^(8 * bytes) modulo the polynomial, by squaring. */
function power(polynomial: Polynomial, bytes: number): bigint {
  const one = 1n << BigInt(polynomial.width - 1);
  let square = one >> 8n;
  let result = one;
  for (let left = BigInt(bytes); left > 0n; left >>= 1n) {
    if (left & 1n) result = multiply(polynomial, square, result);
    square = multiply(polynomial, square, square);
  }
  return result;
}

/** Product of two polynomials modulo the CRC's, bits reflected (the highest bit is x^0). */
function multiply({ width, reflected }: Polynomial, a: bigint, b: bigint): bigint {
  let product = 0n;
  let factor = b;
  for (let bit = 1n << BigInt(width - 1); bit > 0n; bit >>= 1n) {
    if (a & bit) product ^= factor;
    factor = factor & 1n ? (factor >> 1n) ^ reflected : factor >> 1n;
  }
  return product;
}
