import { describe, expect, it } from "vitest";
import { parseRecord, recordBytes, recordDigest } from "../../../src/record/record.ts";
import { example } from "./record.ts";

describe("a release record", () => {
  it("is read back as it was written, under its digest", async () => {
    expect(await parseRecord(recordBytes(example), recordDigest(example), "here")).toEqual(example);
  });

  it("has the same digest whatever the order of its keys", () => {
    const turned = Object.fromEntries(Object.entries(example).reverse()) as unknown as typeof example;
    expect(recordDigest(turned)).toBe(recordDigest(example));
  });

  it("is refused when a letter of it was changed", async () => {
    const edited = recordBytes(example).replace('"revision":3', '"revision":4');
    await expect(parseRecord(edited, recordDigest(example), "here")).rejects.toMatchObject({ code: "RECORD_ALTERED" });
  });

  it.each([
    ["no JSON", "not json"],
    ["another version", recordBytes({ ...example, version: 2 as 1 })],
    ["a missing digest", recordBytes({ ...example, valuesSha256: undefined as unknown as string })],
    ["a digest that is none", recordBytes({ ...example, planSha256: "abc" })],
    ["a key that no record has", recordBytes({ ...example, extra: true } as typeof example)],
  ])("is refused with %s, and the place of the fault named", async (_, text) => {
    await expect(parseRecord(text, undefined, "here")).rejects.toMatchObject({ code: "RECORD_INVALID" });
  });
});
