import { UserError } from "../errors.ts";

const mebibyte = 1_048_576;

/** S3: parts of 5 MiB to 5 GiB (the last may be smaller), at most 10,000 of them. */
export const smallestPart = 5 * mebibyte;
export const largestPart = 5 * 1024 * mebibyte;
export const mostParts = 10_000;

/** One part of an object. */
export interface Part {
  /** From 1. */
  readonly number: number;
  readonly offset: number;
  readonly size: number;
}

/**
 * The part size of a file, in bytes: `wanted`, or as much more as keeps the file within 10,000 parts, in whole MiB.
 * A file beyond S3's largest object (10,000 parts of 5 GiB) is `CHECKPOINT_FILE_TOO_LARGE`.
 */
export function partSizeFor(size: number, wanted: number, path: string): number {
  const least = Math.ceil(size / mostParts / mebibyte) * mebibyte;
  if (least > largestPart) {
    throw new UserError("CHECKPOINT_FILE_TOO_LARGE", {
      happened: `${path} has ${size.toLocaleString("en-US")} bytes; an object in S3 has at most ${(mostParts * largestPart).toLocaleString("en-US")}.`,
      next: "Ask Poolside for a checkpoint in smaller shards.",
    });
  }
  return Math.min(largestPart, Math.max(smallestPart, wanted, least));
}

/** The parts of a file, in order. A file of no bytes has one part of no bytes. */
export function partsOf(size: number, partSize: number): readonly Part[] {
  const count = Math.max(1, Math.ceil(size / partSize));
  return Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    offset: index * partSize,
    size: Math.min(partSize, size - index * partSize),
  }));
}
