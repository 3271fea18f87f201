import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chunksOf } from "../../../src/bytes/chunks.ts";
import { canonicalJson, digestOf, type Json } from "../../../src/canonical.ts";
import { manifestOf, manifestText } from "../../../src/checkpoints/manifest.ts";
import { cutFirstList } from "../../../src/facts/json-list.ts";
import { type CheckpointManifest, manifestDigest, parseManifest } from "../../../src/facts/manifest.ts";

const source = { label: "laguna.tar", identity: "files:1" };
const filesOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    path: `teil-${index}-ä.bin`,
    size: index,
    etag: `e${index}`,
    ...(index % 3 === 0 ? {} : { checksum: { algorithm: "CRC32", value: `c${index}==` } }),
  }));

async function chunks(manifest: CheckpointManifest): Promise<readonly Buffer[]> {
  const text = manifestText(manifest);
  const all: Buffer[] = [];
  for await (const chunk of chunksOf(text, 0, text.size)) all.push(Buffer.from(chunk));
  expect(Buffer.concat(all).length).toBe(text.size);
  return all;
}

async function* inPieces(text: string, length: number) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

const read = async (text: string, length = 7) =>
  parseManifest(inPieces(text, length), "there").catch((thrown: { code?: string }) => thrown.code);

describe("a manifest that arrives in pieces", () => {
  it("is what JSON.parse gives, wherever it is cut, however it is written", async () => {
    const file = fc.record({ path: fc.string({ unit: "grapheme" }), size: fc.nat(), etag: fc.string() });
    const label = fc.string({ unit: fc.constantFrom("[", "]", "{", "}", ",", '"', "\\", "ä") });
    await fc.assert(
      fc.asyncProperty(
        fc.array(file),
        label,
        fc.boolean(),
        fc.integer({ min: 1, max: 99 }),
        async (files, odd, last, n) => {
          const rest = { version: 1, tool: odd, source: { label: odd, identity: odd }, parameters: 1 };
          const all = files.map((one) => ({ ...one, path: one.path + odd }));
          const value = last ? { ...rest, files: all } : { files: all, ...rest };
          expect(await read(JSON.stringify(value, undefined, n % 2), n)).toEqual(value);
        },
      ),
    );
  });

  it.each([
    ["", "{", "null", "[[]]", '{"files":[]}', "<html>"],
    ['{"version":1,"source":{"identity":"x"}}', '{"version":1,"source":{"identity":"x"},"files":{}}'],
    [
      '{"files":[{}],"version":1,"source":{"identity":"x"}}',
      '{"files":[],"files":[1],"version":1,"source":{"identity":"x"}}',
    ],
    ['{"files":[{"path":"a","size":1,"etag":"e"},],"version":1,"source":{"identity":"x"}}'],
    ['{"files":[{"path":"a","size":1,"etag":"e"}},"version":1,"source":{"identity":"x"}}'],
    ['{"files":[{"path":"a","size":1,"etag":"e"}'],
  ])("is refused where it is none: %s", async (...texts) => {
    for (const text of texts)
      for (const length of [1, 7, 1_000]) expect(await read(text, length)).toBe("CHECKPOINT_MANIFEST_INVALID");
  });

  it("is parsed as it arrives: no text of many files is made", async () => {
    const { files } = manifestOf(source, filesOf(1_000), 7);
    const lengths: number[] = [];
    await cutFirstList(inPieces(JSON.stringify({ files }), 1_024), (items) => lengths.push(items.length));
    expect(lengths.length).toBeGreaterThan(50);
    expect(Math.max(...lengths)).toBeLessThan(1_300);
  });

  it("tells a connection that breaks as what it is", async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('{"files":[');
      throw new Error("reset");
    }
    await expect(parseManifest(broken(), "there")).rejects.toThrow("reset");
  });
});

describe("the text of a manifest", () => {
  it.each([0, 1, 2, 3_000])("of %i files is its canonical JSON, piece by piece, again at each pass", async (count) => {
    const manifest = manifestOf(source, filesOf(count), 7);
    const pieces = await chunks(manifest);
    const text = Buffer.concat(pieces).toString();
    expect(text).toBe(canonicalJson(manifest as unknown as Json));
    expect(await parseManifest(inPieces(text, 1_000), "there")).toEqual(manifest);
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(70_000);
    expect(Buffer.concat(await chunks(manifest)).toString()).toBe(text);
  });
});

describe("the digest of a manifest", () => {
  it.each([0, 1, 100])("of %i files is that of their paths, sizes and checksums in one list", (count) => {
    const { files } = manifestOf(source, filesOf(count), 7);
    const list = files.map(({ path, size, checksum }) => ({ path, size, checksum: checksum?.value ?? null }));
    expect(manifestDigest({ files: files.toReversed() })).toBe(digestOf(list as unknown as Json));
  });
});
