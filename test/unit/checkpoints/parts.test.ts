import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { largestPart, mostParts, partSizeFor, partsOf, smallestPart } from "../../../src/checkpoints/parts.ts";

const mebibyte = 1_048_576;
const largestObject = mostParts * largestPart;

describe("the part size", () => {
  it("is what was wanted as long as 10,000 parts are enough, and grows beyond", () => {
    expect(partSizeFor(mostParts * 16 * mebibyte, 16 * mebibyte, "x")).toBe(16 * mebibyte);
    expect(partSizeFor(mostParts * 16 * mebibyte + 1, 16 * mebibyte, "x")).toBe(17 * mebibyte);
  });

  it("keeps every file within S3's limits, up to the largest object", () => {
    const sizes = fc.oneof(fc.integer({ min: 0, max: 2 ** 40 }), fc.integer({ min: 0, max: largestObject }));
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 2 ** 30 }), (size, wanted) => {
        const part = partSizeFor(size, wanted, "x");
        expect(part).toBeGreaterThanOrEqual(smallestPart);
        expect(part).toBeLessThanOrEqual(largestPart);
        expect(Math.ceil(size / part)).toBeLessThanOrEqual(mostParts);
      }),
    );
  });

  it("refuses a file that no object can hold", () => {
    expect(partSizeFor(largestObject, mebibyte, "x")).toBe(largestPart);
    expect(() => partSizeFor(largestObject + 1, mebibyte, "x")).toThrow(
      expect.objectContaining({ code: "CHECKPOINT_FILE_TOO_LARGE" }),
    );
  });
});

describe("the parts of a file", () => {
  it("follow each other without gap or overlap, numbered from 1", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 1, max: 1_000 }), (size, partSize) => {
        let at = 0;
        for (const [index, part] of partsOf(size, partSize).entries()) {
          expect(part).toMatchObject({ number: index + 1, offset: at });
          at += part.size;
        }
        expect(at).toBe(size);
      }),
    );
  });
});
