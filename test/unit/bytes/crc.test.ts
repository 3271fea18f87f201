import { randomBytes } from "node:crypto";
import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Crc, crc32, crc64Nvme } from "../../../src/bytes/crc.ts";

const of = (crc: Crc, bytes: Uint8Array) => crc.update(bytes, crc.empty);
const check = Buffer.from("123456789");

describe.each([crc32, crc64Nvme])("$algorithm", (crc) => {
  it("is the same whether bytes come at once or in pieces", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (pieces) => {
        const whole = of(crc, Buffer.concat(pieces));
        expect(pieces.reduce((value, piece) => crc.update(piece, value), crc.empty)).toBe(whole);
      }),
    );
  });

  it("combines from parts of any sizes without reading them again", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (parts) => {
        const combined = parts.reduce((value, part) => crc.combine(value, of(crc, part), part.length), crc.empty);
        expect(combined).toBe(of(crc, Buffer.concat(parts)));
      }),
    );
  });

  it("combines parts of many MiB, equal and unequal", () => {
    const bytes = randomBytes(3 * 1_048_576 + 17);
    let combined = crc.empty;
    for (let at = 0; at < bytes.length; at += 1_048_576) {
      const part = bytes.subarray(at, at + 1_048_576);
      combined = crc.combine(combined, of(crc, part), part.length);
    }
    expect(combined).toBe(of(crc, bytes));
  });

  it("does not depend on where in memory its bytes lie", () => {
    const bytes = randomBytes(1_003);
    for (let shift = 0; shift < 9; shift += 1) {
      const moved = Buffer.concat([Buffer.alloc(shift), bytes]).subarray(shift);
      expect(of(crc, moved)).toBe(of(crc, bytes));
    }
  });

  it("goes to S3's base64 and back, and refuses what is none", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const value = of(crc, bytes);
        expect(crc.parse(crc.base64(value))).toBe(value);
      }),
    );
    for (const text of ["", "AAA", "AAAA====", `${crc.base64(1n)}A`, "not base64"])
      expect(() => crc.parse(text)).toThrow(RangeError);
  });
});

describe("the published check values", () => {
  it("hold", () => {
    expect(of(crc32, check)).toBe(0xcbf43926n);
    expect(of(crc64Nvme, check)).toBe(0xae8b14860a799888n);
    expect(crc32.base64(of(crc32, check))).toBe("y/Q5Jg==");
    expect(crc64Nvme.base64(of(crc64Nvme, check))).toBe("rosUhgp5mIg=");
  });
});

describe("CRC-32 of many bytes", () => {
  it("is zlib's own, wherever they lie and however they are cut", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(100_000));
    shared.set(randomBytes(shared.length));
    for (const size of [16_383, 16_384, 16_385, 32_768, 99_000]) {
      const bytes = shared.subarray(7, 7 + size);
      const whole = BigInt(zlibCrc32(Buffer.from(bytes)));
      expect(of(crc32, bytes)).toBe(whole);
      expect(crc32.update(bytes.subarray(20_000), of(crc32, bytes.subarray(0, 20_000)))).toBe(whole);
    }
  });
});
