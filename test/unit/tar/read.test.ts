import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dataOf, indexTar, streamTar, walkTar } from "../../../src/tar/read.ts";
import { memorySource, memoryStream } from "../../integration/transfer/loopback.ts";
import { passAll, refusalOf, seekAll } from "./reading.ts";
import { header, paxHeader, sealed, type Written, writeMember, writeTar } from "./writer.ts";

const name = fc
  .stringMatching(/^[a-zA-Z0-9 äöü日本_.-]{1,60}$/)
  .filter((text) => text !== "." && text !== ".." && text.trim() !== "");
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
const member: fc.Arbitrary<Written> = fc.record({
  path,
  data: fc.uint8Array({ maxLength: 2_000 }),
  format: fc.constantFrom("pax", "gnu"),
});
const archive = fc.array(member, { maxLength: 8 });

describe("reading a tar", () => {
  it("gives back what any writer's options put in, by seeking and in one pass", async () => {
    await fc.assert(
      fc.asyncProperty(archive, async (members) => {
        const tar = writeTar(members);
        const expected = members.map(({ path, data }) => [path, Buffer.from(data ?? [])]);
        const seen = await seekAll(tar);
        expect(seen.map(({ member, data }) => [member.path, data])).toEqual(expected);
        expect(await passAll(tar)).toEqual(seen);
      }),
      { numRuns: 100 },
    );
  });

  it("gives the same members however the stream is cut into chunks", async () => {
    const chunking = fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(archive, chunking, async (members, sizes) => {
        const tar = writeTar(members);
        expect(await passAll(tar, sizes)).toEqual(await seekAll(tar));
      }),
      { numRuns: 100 },
    );
  });

  it("rejects an archive that is cut anywhere, at each block and between blocks", async () => {
    const tar = writeTar([
      { path: "m/config.json", data: Buffer.from("{}") },
      { path: "m/empty", data: Buffer.alloc(0) },
      { path: `m/${"long".repeat(40)}`, data: randomBytes(1_500), format: "gnu" },
      { path: `m/${"pax".repeat(60)}`, data: randomBytes(512) },
      { path: "m/", flag: "5" },
    ]);
    expect(await refusalOf(tar)).toBeUndefined();
    for (let size = 0; size < tar.length; size += 512) {
      const expected = size === 0 ? "TAR_NOT_A_TAR" : "TAR_TRUNCATED";
      expect(await refusalOf(tar.subarray(0, size)), `cut at ${size}`).toBe(expected);
    }
    for (let size = 1; size < tar.length; size += 97)
      expect(await refusalOf(tar.subarray(0, size)), `cut at ${size}`).toMatch(/^TAR_/);
  });

  it("rejects any flipped bit of a header", async () => {
    const tar = writeTar([{ path: "a", data: Buffer.from("x") }]);
    for (let at = 0; at < 512; at += 1) {
      const damaged = Buffer.from(tar);
      damaged[at]! ^= 1;
      // The last bytes of the checksum's own field may be a space or a NUL.
      if (at >= 154 && at < 156) continue;
      expect(await refusalOf(damaged), `byte ${at}`).toBe("TAR_NOT_A_TAR");
    }
  });

  it("reads sizes over 8 GiB exactly, in base-256 and in pax", async () => {
    for (const size of [2 ** 33, 2 ** 33 + 1, 400 * 2 ** 30 + 511, 2 ** 50])
      for (const format of ["gnu", "pax"] as const) {
        const head = writeMember({ path: "model.safetensors", size, format });
        const end = head.length + Math.ceil(size / 512) * 512;
        const tail = writeTar([{ path: "after", data: Buffer.from("x") }]);
        const source = {
          ...memorySource(head, "huge.tar"),
          size: end + tail.length,
          async read(offset: number, into: Uint8Array) {
            into.fill(0);
            const from = offset < head.length ? head.subarray(offset) : tail.subarray(Math.max(0, offset - end));
            if (offset < head.length || offset + into.length > end) into.set(from.subarray(0, into.length));
            return into.length;
          },
        };
        const members = await indexTar(source, { window: 512 });
        expect(members.map((one) => [one.path, one.size, one.offset])).toEqual([
          ["model.safetensors", size, head.length],
          ["after", 1, end + 512],
        ]);
      }
  });

  it("rejects sizes that are negative, beyond what can be counted, or no numbers", async () => {
    const withSize = (write: (bytes: Buffer) => void) => {
      const bytes = header({ path: "a", size: 0 });
      write(bytes);
      return Buffer.concat([sealed(bytes), Buffer.alloc(1_024)]);
    };
    expect(await refusalOf(withSize((bytes) => bytes.fill(0xff, 124, 136)))).toBe("TAR_HEADER_INVALID");
    expect(await refusalOf(withSize((bytes) => bytes.fill(0xff, 125, 136).writeUInt8(0x80, 124)))).toBe(
      "TAR_HEADER_INVALID",
    );
    expect(await refusalOf(withSize((bytes) => void bytes.write("00000000008", 124)))).toBe("TAR_HEADER_INVALID");
    for (const size of ["-1", "1e3", "99999999999999999999", "0x10", "9007199254740991"])
      expect(await refusalOf(writeTar([{ path: "a", pax: { size } }])), size).toBe("TAR_HEADER_INVALID");
  });

  it("wants two blocks of zeros, and nothing behind them but padding", async () => {
    const one = writeMember({ path: "a", data: Buffer.from("x") });
    const zeros = (blocks: number) => Buffer.alloc(blocks * 512);
    expect(await refusalOf(Buffer.concat([one, zeros(1)]))).toBe("TAR_TRUNCATED");
    expect(await refusalOf(Buffer.concat([one, zeros(1), one, zeros(2)]))).toBe("TAR_HEADER_INVALID");
    expect(await refusalOf(Buffer.concat([one, zeros(20)]))).toBeUndefined();
    expect(await refusalOf(Buffer.concat([one, zeros(2), Buffer.alloc(100)]))).toBeUndefined();
    expect(await refusalOf(Buffer.concat([writeTar([]), writeTar([{ path: "b" }])]))).toBe("TAR_TRAILING_DATA");
    // GNU tar fills its last record, whatever its size: a second archive may come late.
    expect(await refusalOf(Buffer.concat([one, zeros(6_000)]))).toBeUndefined();
    expect(await refusalOf(Buffer.concat([one, zeros(6_000), one, zeros(2)]))).toBe("TAR_TRAILING_DATA");
    expect(await refusalOf(Buffer.concat([one, zeros(130), Buffer.from("x")]))).toBe("TAR_TRAILING_DATA");
    expect(await refusalOf(zeros(2))).toBeUndefined();
    expect(await refusalOf(Buffer.from("no tar at all"))).toBe("TAR_NOT_A_TAR");
    expect(await refusalOf(randomBytes(2_048))).toBe("TAR_NOT_A_TAR");
  });

  it("lets pax records win over long names, own ones over global ones, and empty ones take back", async () => {
    const tar = Buffer.concat([
      paxHeader({ comment: "all", linkpath: "global" }, "g"),
      writeMember({ path: `${"l".repeat(120)}`, format: "gnu", pax: { path: "own" } }),
      writeMember({ path: "b", pax: { linkpath: "", comment: "" } }),
      paxHeader({ linkpath: "" }, "g"),
      writeMember({ path: "c" }),
      Buffer.alloc(1_024),
    ]);
    const seen = (await seekAll(tar)).map(({ member: one }) => [one.path, one.linkpath, one.pax["comment"]]);
    expect(seen).toEqual([
      ["own", "global", "all"],
      ["b", undefined, undefined],
      ["c", undefined, "all"],
    ]);
  });

  it("rejects broken, endless and orphaned extended headers", async () => {
    const broken = (text: string) =>
      Buffer.concat([
        header({ path: "p", flag: "x", size: Buffer.byteLength(text) }),
        Buffer.concat([Buffer.from(text), Buffer.alloc(512)]).subarray(0, 512),
        writeTar([{ path: "a" }]),
      ]);
    for (const text of ["12 path=abc", "99 path=a\n", "x path=a\n", "0 path=a\n", "7 path\n\n", "10 path=ab="])
      expect(await refusalOf(broken(text)), text).toBe("TAR_HEADER_INVALID");
    const endless = header({ path: "p", flag: "L", size: 2 ** 21, format: "gnu" });
    expect(await refusalOf(Buffer.concat([endless, Buffer.alloc(2 ** 21 + 1_024)]))).toBe("TAR_HEADER_INVALID");
    const extension = paxHeader({ path: "a" }, "x");
    expect(await refusalOf(Buffer.concat([extension, Buffer.alloc(1_024)]))).toBe("TAR_HEADER_INVALID");
    expect(await refusalOf(Buffer.concat([extension, extension, writeTar([{ path: "a" }])]))).toBe(
      "TAR_HEADER_INVALID",
    );
  });

  it("reports types as they are, and takes no data of those that have none", async () => {
    const flags = ["0", "\0", "1", "2", "3", "4", "5", "6", "7", "D"];
    const tar = writeTar(flags.map((flag, index) => ({ path: `m${index}`, flag, linkpath: "t" })));
    expect((await seekAll(tar)).map(({ member: one }) => one.type)).toEqual([
      "file",
      "file",
      "hardlink",
      "symlink",
      "character-device",
      "block-device",
      "folder",
      "fifo",
      "file",
      "other",
    ]);
    const sized = writeTar([{ path: "d/", flag: "5", size: 512 }, { path: "after" }]);
    expect((await seekAll(sized)).map(({ member: one }) => [one.path, one.size])).toEqual([
      ["d/", 0],
      ["after", 0],
    ]);
  });

  it("knows sparse files in every format", async () => {
    const pax: readonly Record<string, string>[] = [
      { "GNU.sparse.size": "9", "GNU.sparse.numblocks": "0" },
      { "GNU.sparse.map": "0,1", "GNU.sparse.size": "9" },
      { "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "real", "GNU.sparse.realsize": "9" },
    ];
    const tar = writeTar([
      ...pax.map((records) => ({ path: "s", pax: records })),
      { path: "old", flag: "S", format: "gnu" },
    ]);
    expect((await seekAll(tar)).map(({ member: one }) => [one.path, one.type])).toEqual([
      ["s", "sparse"],
      ["s", "sparse"],
      ["real", "sparse"],
      ["old", "sparse"],
    ]);
  });

  it("skips data that nobody reads, and refuses data that has passed", async () => {
    const tar = writeTar([
      { path: "a", data: randomBytes(3_000) },
      { path: "b", data: Buffer.from("second") },
    ]);
    const seen: string[] = [];
    let first: AsyncIterable<Uint8Array> | undefined;
    for await (const { member: one, data } of streamTar(memoryStream(tar, [700]))) {
      seen.push(one.path);
      first ??= data;
    }
    expect(seen).toEqual(["a", "b"]);
    await expect(
      (async () => {
        for await (const _ of first!);
      })(),
    ).rejects.toMatchObject({ code: "INTERNAL" });
  });

  it("reads a stream to its end, so that damage behind the archive is told", async () => {
    const tar = writeTar([{ path: "a" }]);
    const stream = {
      ...memoryStream(tar),
      async *chunks() {
        yield tar;
        throw new Error("the checksum is wrong");
      },
    };
    await expect(
      (async () => {
        for await (const _ of streamTar(stream));
      })(),
    ).rejects.toThrow("the checksum is wrong");
  });

  it("gives a member's data as a source of its own", async () => {
    const data = randomBytes(2_000);
    const source = memorySource(writeTar([{ path: "a" }, { path: "b", data }]), "t.tar");
    const [, second] = await indexTar(source);
    const slice = dataOf(source, second!);
    const into = Buffer.alloc(5_000);
    expect(slice.label).toBe("t.tar!b");
    expect(await slice.read(0, into)).toBe(2_000);
    expect(into.subarray(0, 2_000).equals(data)).toBe(true);
    expect(await slice.read(1_990, into)).toBe(10);
    expect(await slice.read(2_000, into)).toBe(0);
  });

  it("walks small members in few reads", async () => {
    const members = Array.from({ length: 500 }, (_, index) => ({ path: `m/${index}`, data: randomBytes(700) }));
    const source = memorySource(writeTar(members));
    let count = 0;
    for await (const _ of walkTar(source, { window: 262_144 })) count += 1;
    expect(count).toBe(500);
    expect(source.reads).toBeLessThan(6);
  });

  it("ends where an archive has more members than can be meant", async () => {
    const one = writeMember({ path: "a" });
    const endless = {
      label: "endless.tar",
      identity: "endless",
      async *chunks() {
        const many = Buffer.concat(Array.from({ length: 2_000 }, () => one));
        for (;;) yield many;
      },
      async close() {},
    };
    let count = 0;
    const reading = async () => {
      for await (const _ of streamTar(endless)) count += 1;
    };
    await expect(reading()).rejects.toMatchObject({ code: "TAR_TOO_MANY" });
    expect(count).toBe(250_000);
  });
});
