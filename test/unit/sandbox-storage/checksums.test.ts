import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Algorithm, algorithms, checksumOf, fullObject } from "../../../sandbox/s3/checksums/algorithms.ts";

const check = Buffer.from("123456789");

describe("checksums", () => {
  // The check values of the catalogue of parametrised CRC algorithms (CRC-32/ISO-HDLC, CRC-32/ISCSI, CRC-64/NVME).
  it.each([
    ["CRC32", "cbf43926"],
    ["CRC32C", "e3069283"],
    ["CRC64NVME", "ae8b14860a799888"],
  ] as const)("computes the catalogue's check value of %s", (algorithm, hex) => {
    expect(Buffer.from(checksumOf(algorithm, [check]), "base64").toString("hex")).toBe(hex);
  });

  it.each(algorithms)("computes the same %s however the bytes are cut", (algorithm) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (bytes, at) => {
        const cut = bytes.length === 0 ? 0 : at % bytes.length;
        expect(checksumOf(algorithm, [bytes.subarray(0, cut), bytes.subarray(cut)])).toBe(
          checksumOf(algorithm, [bytes]),
        );
      }),
    );
  });

  it.each(["CRC32", "CRC32C", "CRC64NVME"] as const)(
    "combines %s of parts to that of the whole",
    (algorithm: Algorithm) => {
      fc.assert(
        fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 6 }), (parts) => {
          const pieces = parts.map((part) => ({ checksum: checksumOf(algorithm, [part]), size: part.length }));
          expect(fullObject(algorithm, pieces)).toBe(checksumOf(algorithm, [Buffer.concat(parts)]));
        }),
      );
    },
  );

  it("has no whole from parts for a hash", () => {
    expect(() => fullObject("SHA256", [{ checksum: "", size: 0 }])).toThrow("does not follow");
  });
});
