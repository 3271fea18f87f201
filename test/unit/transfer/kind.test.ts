import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { tarOf } from "../../../sandbox/sample/tar.ts";
import { kindOf, sniff, unpacked } from "../../../src/transfer/kind.ts";
import { memorySource } from "../../integration/transfer/loopback.ts";

const tar = tarOf([{ path: "a/b.json", content: Buffer.from("{}") }]);

describe("the kind of an archive", () => {
  it("follows from its first bytes, whatever its name says", () => {
    expect(kindOf("x.tar", gzipSync(tar))).toBe("tar.gz");
    expect(kindOf("x.tar.gz", tar)).toBe("tar");
    expect(kindOf("x", zstdCompressSync(tar))).toBe("tar.zst");
    expect(kindOf("x", Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]))).toBe("tar.zst");
  });

  it("follows from the name where the oldest writers left no mark", () => {
    expect(kindOf("old.tar", Buffer.from("a.json"))).toBe("tar");
    expect(kindOf("old.tar (presigned, env:URL)", Buffer.from("a.json"))).toBe("tar");
    expect(kindOf("old.tar.bz2", Buffer.from("BZh9"))).toBe("unknown");
    expect(kindOf("notes.txt", Buffer.from("a"))).toBe("unknown");
    expect(kindOf("empty.tar.gz", Buffer.alloc(0))).toBe("unknown");
  });

  it("decides how a source is unpacked", async () => {
    for (const packed of [tar, gzipSync(tar), zstdCompressSync(tar)]) {
      const source = memorySource(packed, "m");
      const kind = await sniff(source);
      if (kind === "unknown") throw new Error("unknown");
      const parts: Buffer[] = [];
      for await (const chunk of unpacked(source, kind, { window: 100, parallel: 3 }).chunks())
        parts.push(Buffer.from(chunk));
      expect(Buffer.concat(parts).equals(tar)).toBe(true);
    }
  });
});
