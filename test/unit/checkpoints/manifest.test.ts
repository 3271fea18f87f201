import { describe, expect, it } from "vitest";
import { chunksOf } from "../../../src/bytes/chunks.ts";
import { canonicalJson, digestOf, type Json } from "../../../src/canonical.ts";
import { manifestOf, manifestText } from "../../../src/checkpoints/manifest.ts";
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

describe("the text of a manifest", () => {
  it.each([0, 1, 2, 3_000])("of %i files is its canonical JSON, piece by piece, again at each pass", async (count) => {
    const manifest = manifestOf(source, filesOf(count), 7);
    const pieces = await chunks(manifest);
    const text = Buffer.concat(pieces).toString();
    expect(text).toBe(canonicalJson(manifest as unknown as Json));
    expect(parseManifest(text, "there")).toEqual(manifest);
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
