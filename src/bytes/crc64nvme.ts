/** CRC-64/NVME, eight bytes a step over eight tables of 256 entries; 64 bits are two halves of 32, as JavaScript has no fast 64-bit integers. */
const polynomialHigh = 0x9a6c9329;
const polynomialLow = 0xac4bc9b5;

const high = new Int32Array(8 * 256);
const low = new Int32Array(8 * 256);

for (let byte = 0; byte < 256; byte += 1) {
  let h = 0;
  let l = byte;
  for (let bit = 0; bit < 8; bit += 1) {
    const odd = l & 1;
    l = (l >>> 1) | (h << 31);
    h >>>= 1;
    if (odd) {
      l ^= polynomialLow;
      h ^= polynomialHigh;
    }
  }
  high[byte] = h;
  low[byte] = l;
}
for (let at = 256; at < 8 * 256; at += 1) {
  const h = high[at - 256]!;
  const l = low[at - 256]!;
  const entry = l & 0xff;
  low[at] = ((l >>> 8) | (h << 24)) ^ low[entry]!;
  high[at] = (h >>> 8) ^ high[entry]!;
}

/** The CRC of what `previous` stands for, followed by `chunk`. */
export function crc64Nvme(chunk: Uint8Array, previous: bigint): bigint {
  let h = ~Number(previous >> 32n);
  let l = ~Number(previous & 0xffffffffn);
  let at = 0;
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  for (const end = chunk.length - 7; at < end; at += 8) {
    const a = l ^ view.getInt32(at, true);
    const b = h ^ view.getInt32(at + 4, true);
    const i0 = 1792 + (a & 0xff);
    const i1 = 1536 + ((a >>> 8) & 0xff);
    const i2 = 1280 + ((a >>> 16) & 0xff);
    const i3 = 1024 + (a >>> 24);
    const i4 = 768 + (b & 0xff);
    const i5 = 512 + ((b >>> 8) & 0xff);
    const i6 = 256 + ((b >>> 16) & 0xff);
    const i7 = b >>> 24;
    l = low[i0]! ^ low[i1]! ^ low[i2]! ^ low[i3]! ^ low[i4]! ^ low[i5]! ^ low[i6]! ^ low[i7]!;
    h = high[i0]! ^ high[i1]! ^ high[i2]! ^ high[i3]! ^ high[i4]! ^ high[i5]! ^ high[i6]! ^ high[i7]!;
  }
  for (; at < chunk.length; at += 1) {
    const entry = (l ^ chunk[at]!) & 0xff;
    l = ((l >>> 8) | (h << 24)) ^ low[entry]!;
    h = (h >>> 8) ^ high[entry]!;
  }
  return (BigInt(~h >>> 0) << 32n) | BigInt(~l >>> 0);
}
