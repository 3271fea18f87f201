import { describe, expect, it } from "vitest";
import { runningSha256, sha256Hex } from "../../../src/bytes/digest.ts";

describe("a running digest", () => {
  it("is that of all bytes that passed, in whatever chunks, and may be asked for twice", () => {
    const digest = runningSha256();
    for (const chunk of ["hel", "", "lo"]) digest.update(Buffer.from(chunk));
    expect(digest.bytes).toBe(5);
    expect(digest.hex()).toBe("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    expect(digest.digest()).toBe(`sha256:${sha256Hex("hello")}`);
  });
});
