/**
 * Joining CRCs without reading: the CRC of a followed by b is crc(a) times x^(8 · bytes of b), modulo the polynomial, plus crc(b).
 * Values are bit-reflected, as in zlib: the highest bit is x^0. Holds for CRCs that start from and end with all bits flipped.
 */
export function combineReflected(
  width: 32 | 64,
  polynomial: bigint,
): (a: bigint, b: bigint, bytesOfB: number) => bigint {
  const one = 1n << BigInt(width - 1);

  function times(a: bigint, b: bigint): bigint {
    let product = 0n;
    let shifted = b;
    for (let bit = one; bit > 0n; bit >>= 1n) {
      if (a & bit) product ^= shifted;
      shifted = shifted & 1n ? (shifted >> 1n) ^ polynomial : shifted >> 1n;
    }
    return product;
  }

  /** x to the power of 8 · `bytes`. */
  function power(bytes: number): bigint {
    let result = one;
    let square = one >> 8n;
    for (let left = BigInt(bytes); left > 0n; left >>= 1n) {
      if (left & 1n) result = times(square, result);
      square = times(square, square);
    }
    return result;
  }

  // Nearly all parts of an object have one length, so its power is worth keeping.
  let lastBytes = 0;
  let lastPower = one;
  return (a, b, bytesOfB) => {
    if (bytesOfB !== lastBytes) {
      lastPower = power(bytesOfB);
      lastBytes = bytesOfB;
    }
    return times(lastPower, a) ^ b;
  };
}
