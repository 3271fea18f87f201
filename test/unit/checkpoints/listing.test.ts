import { describe, expect, it } from "vitest";
import { compareListing } from "../../../src/checkpoints/listing.ts";
import { manifestPath } from "../../../src/facts/manifest.ts";
import type { ListedObject } from "../../../src/facts/prefix.ts";

const files = ["a.json", "b.safetensors", "c/d.bin"].map((path, index) => ({ path, size: index, etag: `e${index}` }));
const page = (...over: Partial<ListedObject>[]) => over.map((one) => ({ path: "x", size: 0, etag: "", ...one }));
const compare = (pages: readonly (readonly ListedObject[])[], by: "etag" | "size" = "etag") =>
  compareListing({ files }, pages, by);

describe("a listing held against a manifest", () => {
  it("differs in nothing where every file is there, on whatever page, beside bookkeeping", async () => {
    const bookkeeping = page({ path: manifestPath }, { path: ".checkpoint-complete" }, { path: "c/" });
    expect(await compare([[files[2]!], bookkeeping, [files[0]!, files[1]!]])).toEqual({ differing: [], extras: [] });
  });

  it("names what is missing or has another size or ETag, in the manifest's order, and what is too much", async () => {
    const listed = page(
      { path: "c/d.bin", size: 2, etag: "other" },
      { path: "a.json", size: 1, etag: "e0" },
      { path: "y" },
    );
    expect(await compare([listed])).toEqual({ differing: ["a.json", "b.safetensors", "c/d.bin"], extras: ["y"] });
  });

  it("by size does not look at ETags", async () => {
    const listed = files.map((file) => ({ ...file, etag: "other" }));
    expect(await compare([listed], "size")).toEqual({ differing: [], extras: [] });
  });

  it("takes pages as they come", async () => {
    async function* pages() {
      yield [files[0]!];
      yield [files[1]!, files[2]!];
    }
    expect((await compareListing({ files }, pages(), "etag")).differing).toEqual([]);
  });
});
