import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isBookkeeping } from "../../../src/facts/bookkeeping.ts";
import { compareListing, comparePages } from "../../../src/facts/listing.ts";
import { manifestPath } from "../../../src/facts/manifest.ts";
import type { ListedObject } from "../../../src/facts/prefix.ts";

const files = ["a.json", "b.safetensors", "c/d.bin"].map((path, index) => ({ path, size: index, etag: `e${index}` }));
const page = (...over: Partial<ListedObject>[]) => over.map((one) => ({ path: "x", size: 0, etag: "", ...one }));
const inPages = async function* (pages: Iterable<readonly ListedObject[]>) {
  yield* pages;
};
const compare = (pages: readonly (readonly ListedObject[])[], by: "etag" | "size" = "etag") =>
  comparePages({ files }, inPages(pages), by);

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
    expect(await compare([listed])).toEqual({ differing: ["a.json", "b.safetensors", "c/d.bin"], extras: [listed[2]] });
  });

  it("by size does not look at ETags", async () => {
    const listed = files.map((file) => ({ ...file, etag: "other" }));
    expect(await compare([listed], "size")).toEqual({ differing: [], extras: [] });
  });

  it("finds the same in pages of any length and as a whole, and what looking each path up finds", async () => {
    const path = fc.constantFrom("a", "b", "c/d", "e", ".checkpoint-complete", "f/");
    const object = fc.record({ path, size: fc.nat(1), etag: fc.constantFrom("x", "y") });
    const some = fc.uniqueArray(object, { selector: (one) => one.path });
    await fc.assert(
      fc.asyncProperty(some, some, fc.integer({ min: 1, max: 3 }), async (manifest, listed, length) => {
        const named = manifest.filter((one) => !isBookkeeping(one.path));
        const differing = named
          .filter((one) => !listed.some((it) => it.path === one.path && it.size === one.size && it.etag === one.etag))
          .map((one) => one.path);
        const extras = listed.filter((it) => !isBookkeeping(it.path) && !named.some((one) => one.path === it.path));
        const pages = Array.from({ length: Math.ceil(listed.length / length) }, (_, page) =>
          listed.slice(page * length, (page + 1) * length),
        );
        expect(compareListing({ files: named }, listed, "etag")).toEqual({ differing, extras });
        expect(await comparePages({ files: named }, inPages(pages), "etag")).toEqual({ differing, extras });
      }),
    );
  });
});
