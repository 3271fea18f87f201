/** A CRC whose state is fed in pieces. `value` is big-endian, as S3 writes it. */
export interface Crc {
  update(chunk: Uint8Array): void;
  value(): Buffer;
}

/** CRC-32C (Castagnoli), by tables for eight bytes at a time. */
export function crc32c(): Crc {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = castagnoli();
  let crc = 0xffffffff;
  return {
    update(chunk) {
      let at = 0;
      const whole = chunk.length - (chunk.length % 8);
      while (at < whole) {
        const low = crc ^ (chunk[at]! | (chunk[at + 1]! << 8) | (chunk[at + 2]! << 16) | (chunk[at + 3]! << 24));
        crc =
          t7[low & 255]! ^
          t6[(low >>> 8) & 255]! ^
          t5[(low >>> 16) & 255]! ^
          t4[low >>> 24]! ^
          t3[chunk[at + 4]!]! ^
          t2[chunk[at + 5]!]! ^
          t1[chunk[at + 6]!]! ^
          t0[chunk[at + 7]!]!;
        at += 8;
      }
      for (; at < chunk.length; at += 1) crc = t0[(crc ^ chunk[at]!) & 255]! ^ (crc >>> 8);
    },
    value() {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE((crc ^ 0xffffffff) >>> 0);
      return bytes;
    },
  };
}

/** CRC-64/NVME, in two halves of 32 bits, by tables for eight bytes at a time. */
export function crc64nvme(): Crc {
  const { low: lows, high: highs } = nvme();
  let low = 0xffffffff;
  let high = 0xffffffff;
  return {
    update(chunk) {
      let at = 0;
      const whole = chunk.length - (chunk.length % 8);
      while (at < whole) {
        const a = low ^ (chunk[at]! | (chunk[at + 1]! << 8) | (chunk[at + 2]! << 16) | (chunk[at + 3]! << 24));
        const b = high ^ (chunk[at + 4]! | (chunk[at + 5]! << 8) | (chunk[at + 6]! << 16) | (chunk[at + 7]! << 24));
        const i0 = 1792 + (a & 255);
        const i1 = 1536 + ((a >>> 8) & 255);
        const i2 = 1280 + ((a >>> 16) & 255);
        const i3 = 1024 + (a >>> 24);
        const i4 = 768 + (b & 255);
        const i5 = 512 + ((b >>> 8) & 255);
        const i6 = 256 + ((b >>> 16) & 255);
        const i7 = b >>> 24;
        low = lows[i0]! ^ lows[i1]! ^ lows[i2]! ^ lows[i3]! ^ lows[i4]! ^ lows[i5]! ^ lows[i6]! ^ lows[i7]!;
        high = highs[i0]! ^ highs[i1]! ^ highs[i2]! ^ highs[i3]! ^ highs[i4]! ^ highs[i5]! ^ highs[i6]! ^ highs[i7]!;
        at += 8;
      }
      for (; at < chunk.length; at += 1) {
        const index = (low ^ chunk[at]!) & 255;
        low = lows[index]! ^ ((low >>> 8) | (high << 24));
        high = highs[index]! ^ (high >>> 8);
      }
    },
    value() {
      const bytes = Buffer.alloc(8);
      bytes.writeUInt32BE((high ^ 0xffffffff) >>> 0);
      bytes.writeUInt32BE((low ^ 0xffffffff) >>> 0, 4);
      return bytes;
    },
  };
}

type Eight = readonly [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array];

let castagnoliTables: Eight | undefined;

function castagnoli(): Eight {
  if (castagnoliTables) return castagnoliTables;
  const tables = Array.from({ length: 8 }, () => new Int32Array(256));
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
    tables[0]![byte] = crc;
  }
  for (let table = 1; table < 8; table += 1)
    for (let byte = 0; byte < 256; byte += 1) {
      const previous = tables[table - 1]![byte]!;
      tables[table]![byte] = tables[0]![previous & 255]! ^ (previous >>> 8);
    }
  castagnoliTables = tables as unknown as Eight;
  return castagnoliTables;
}

let nvmeTables: { readonly low: Int32Array; readonly high: Int32Array } | undefined;

function nvme(): { readonly low: Int32Array; readonly high: Int32Array } {
  if (nvmeTables) return nvmeTables;
  const low = new Int32Array(8 * 256);
  const high = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let l = byte;
    let h = 0;
    for (let bit = 0; bit < 8; bit += 1) {
      const odd = l & 1;
      l = (l >>> 1) | (h << 31);
      h >>>= 1;
      if (odd) {
        l ^= 0xac4bc9b5;
        h ^= 0x9a6c9329;
      }
    }
    low[byte] = l;
    high[byte] = h;
  }
  for (let index = 256; index < 8 * 256; index += 1) {
    const l = low[index - 256]!;
    const h = high[index - 256]!;
    low[index] = low[l & 255]! ^ ((l >>> 8) | (h << 24));
    high[index] = high[l & 255]! ^ (h >>> 8);
  }
  nvmeTables = { low, high };
  return nvmeTables;
}
