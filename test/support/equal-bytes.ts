import { expect } from "vitest";

/** Buffers are compared at once: one element after the other takes seconds for some MiB. */
expect.addEqualityTesters([
  (left: unknown, right: unknown) => (Buffer.isBuffer(left) && Buffer.isBuffer(right) ? left.equals(right) : undefined),
]);
