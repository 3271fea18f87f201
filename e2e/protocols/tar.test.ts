import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { guardPaths } from "../../src/tar/policy.ts";
import { passAll, type ReadMember, seekAll } from "../../test/unit/tar/reading.ts";
import { bsdtarCommand, goTar, tarTools } from "./archive-tools.ts";
import { libarchiveTars, nodeTarTars, type TarOfTests } from "./tar-corpora.ts";

let folder: string;
const long = `${"d".repeat(60)}/${"e".repeat(60)}/${"f".repeat(60)}.json`;
const contents: Readonly<Record<string, string>> = {
  "m/config.json": '{"a": 1}',
  "m/empty": "",
  "m/ünïcode 日本.txt": "x".repeat(5_000),
  "m/block": "y".repeat(512),
  [`m/${long}`]: "deep",
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "eks-deploy-e2e-tar-"));
  mkdirSync(join(folder, "m", long, ".."), { recursive: true });
  for (const [path, content] of Object.entries(contents)) writeFileSync(join(folder, path), content);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");

/** The members of an archive, read by seeking and in one pass alike. */
async function membersOf(tar: Buffer): Promise<readonly ReadMember[]> {
  const seen = await seekAll(tar);
  expect(await passAll(tar, [700])).toEqual(seen);
  return seen;
}

const tarOf = (program: string, ...args: readonly string[]) => execFileSync(program, args, { cwd: folder });

/** The oldest format has no room for a long path. */
const withoutLong = ["--exclude", "m/ddd*"] as const;

const writers: Readonly<Record<string, () => Promise<Buffer> | Buffer>> = {
  "GNU tar, v7": () => tarOf("tar", "--format=v7", ...withoutLong, "-cf", "-", "m"),
  ...Object.fromEntries(
    ["oldgnu", "gnu", "ustar", "posix"].map((format) => [
      `GNU tar, ${format}`,
      () => tarOf("tar", `--format=${format}`, "-cf", "-", "m"),
    ]),
  ),
  "GNU tar, with extended attributes and times": () =>
    tarOf("tar", "--format=posix", "--xattrs", "--acls", "--pax-option=exthdr.name=%d/p/%f", "-cf", "-", "m"),
  ...Object.fromEntries(
    ["gnutar", "pax", "ustar", "v7"].map((format) => [
      `bsdtar, ${format}`,
      async () =>
        tarOf(...(await bsdtarCommand()), "--format", format, ...(format === "v7" ? withoutLong : []), "-cf", "-", "m"),
    ]),
  ),
  ...Object.fromEntries(
    ["ustar", "gnu", "pax"].map((format) => [
      `Go, ${format}`,
      async () => tarOf(await goTar.get(), format, join(folder, "m"), "m"),
    ]),
  ),
  ...Object.fromEntries(
    ["USTAR", "GNU", "PAX"].map((format) => [
      `Python, ${format}`,
      () =>
        tarOf(
          "python3",
          "-c",
          `import sys, tarfile
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.${format}_FORMAT) as tar: tar.add("m")`,
        ),
    ]),
  ),
  busybox: async () => tarOf(join(await tarTools.get(), "bin/busybox"), "tar", "-cf", "-", "m"),
};

describe("archives of other writers", () => {
  it.each(Object.entries(writers))("%s", async (name, write) => {
    const guard = guardPaths(name);
    const found = (await membersOf(await write())).map(({ member, data }) => [guard.admit(member), member.type, data]);
    const files = found.filter(([, type]) => type === "file").map(([path, , data]) => [path, String(data)]);
    const left = name.endsWith("v7") ? [`m/${long}`] : [];
    const expected = Object.entries(contents).filter(([path]) => !left.includes(path));
    expect(Object.fromEntries(files)).toEqual(Object.fromEntries(expected));
  });
});

/** What Python's tarfile sees: name, type, size of files, SHA-256 of their bytes; a sparse file is told as such, as we never take one. */
const listing = `
import hashlib, json, sys, tarfile
types = {b"0": "file", b"\\0": "file", b"7": "file", b"1": "hardlink", b"2": "symlink", b"3": "character-device",
         b"4": "block-device", b"5": "folder", b"6": "fifo", b"S": "sparse"}
def told(tar, member):
    type = "sparse" if member.sparse is not None else types.get(member.type, "other")
    if type != "file": return [member.name, type]
    return [member.name, type, member.size, hashlib.sha256(tar.extractfile(member).read()).hexdigest()]
for path in sys.argv[1:]:
    try:
        with tarfile.open(path, "r:", encoding="utf-8", errors="replace") as tar: print(json.dumps([told(tar, m) for m in tar]))
    except (tarfile.TarError, ValueError) as error: print("null")
`;

type Told = readonly (readonly [string, string, number?, string?])[];

const ours = (members: readonly ReadMember[]): Told =>
  members.map(({ member: { path, type, size }, data }) =>
    type === "file" ? [path, type, size, sha256(data)] : [withoutSlash(path), type],
  );

/** Of types that it does not know Python keeps the slash. */
const withoutSlash = (path: string) => path.replace(/(?<=.)\/+$/, "");

/** Where we and Python's tarfile differ; each stays so. */
const refused: Readonly<Record<string, readonly [code: string, why: string]>> = {
  "gnu-incremental.tar": ["TAR_TRUNCATED", "has no end marker"],
  "nil-uid.tar": ["TAR_TRUNCATED", "has no end marker"],
  "ustar-file-reg.tar": ["TAR_TRUNCATED", "has no end marker"],
  "pax-bad-mtime-file.tar": ["TAR_TRUNCATED", "has no end marker"],
  "gnu-multi-hdrs.tar": ["TAR_HEADER_INVALID", "two long names for one member, of which readers believe either"],
  "pax-multi-hdrs.tar": ["TAR_HEADER_INVALID", "two extended headers for one member, of which readers believe either"],
  "pax-bad-hdr-file.tar": ["TAR_HEADER_INVALID", "a record whose length lies; libarchive refuses it, too"],
  "pax-pos-size-file.tar": ["TAR_HEADER_INVALID", "a size with a sign, which no writer writes"],
  "test_compat_plexus_archiver_tar.tar": [
    "TAR_HEADER_INVALID",
    "one block of zeros, and no other; GNU tar warns of it",
  ],
  "test_compat_tar_hardlink_1.tar": ["TAR_TRUNCATED", "has no end marker"],
  "test_read_format_tar_concatenated.tar": ["TAR_TRAILING_DATA", "two archives, of which Python reads the first"],
  "bad-cksum.tar": ["TAR_HEADER_INVALID", "a damaged header, which Python takes for the end"],
  "links-strip.tar": ["TAR_TRUNCATED", "has no end marker"],
  "long-pax.tar": ["TAR_TRUNCATED", "has no end marker"],
};

/** Names that differ, by archive, and why. The first is refused for its name by whoever takes files from it. */
const named: Readonly<Record<string, string>> = {
  "gnu-long-nul.tar": "the name holds a NUL, at which Python and C end it",
  "invalid-go17.tar": "Go 1.7 wrote a prefix where GNU's headers have times: GNU tar and libarchive read as we do",
  "pax-global-records.tar": "an empty record takes the global one back: Go reads as we do",
};

/** What Python's tarfile cannot read: how many members we find, and why it is no harm. */
const onlyOurs: Readonly<Record<string, readonly [members: number, why: string]>> = {
  "test_read_format_tar_empty_pax.tar.Z": [0, "a global header and nothing else: what git makes of nothing"],
  "test_read_format_gtar_sparse_1_17_posix10_modified.tar": [
    3,
    "the padded map of a sparse file, which is refused as one",
  ],
};

/** What is read otherwise by GNU tar than by Python: whoever takes files from it is refused. */
const ambiguous: Readonly<Record<string, string>> = {
  "test_compat_tar_directory_1.tar":
    "a folder by its slash alone, with a size: GNU tar skips that much, Python does not",
};

describe("archives of other projects' tests", () => {
  const goTests = join(execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim(), "src/archive/tar/testdata");
  const names = readdirSync(goTests).filter((name) => name.endsWith(".tar"));

  /** One after the other: Python starts slowly. */
  function toldBy(paths: readonly string[]): readonly (Told | undefined)[] {
    const output = execFileSync("python3", ["-c", listing, ...paths], { encoding: "utf8" });
    const lines = output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Told | null);
    return lines.map((told) =>
      told?.map(([path, type, ...rest]) => [type === "file" ? path : withoutSlash(path), type, ...rest]),
    );
  }

  async function compare(name: string, path: string, theirs = toldBy([path])[0]): Promise<void> {
    const found = await membersOf(readFileSync(path)).then(ours, (error: { readonly code: string }) => error.code);
    if (onlyOurs[name])
      expect([theirs, found]).toEqual([undefined, expect.objectContaining({ length: onlyOurs[name][0] })]);
    else if (theirs === undefined) expect(found).toMatch(/^TAR_/);
    else if (refused[name]) expect(found).toBe(refused[name][0]);
    else if (ambiguous[name]) {
      const guard = guardPaths(name);
      const members = await membersOf(readFileSync(path));
      expect(() => members.map(({ member }) => guard.admit(member))).toThrow(
        expect.objectContaining({ code: "TAR_PATH_UNSAFE" }),
      );
    } else if (named[name]) {
      expect(found).not.toEqual(theirs);
      expect((found as Told).map(([, ...rest]) => rest)).toEqual(theirs.map(([, ...rest]) => rest));
    } else expect(found).toEqual(theirs);
  }

  it("has Go's", () => expect(names.length).toBeGreaterThan(35));
  it.each(names)("Go: %s", (name) => compare(name, join(goTests, name)));
  it("CPython: testtar.tar", async () =>
    compare("testtar.tar", join(await tarTools.get(), "usr/lib/python3.11/test/testtar.tar")));

  async function compareAll(tars: readonly TarOfTests[]): Promise<void> {
    const paths = tars.map(({ name }) => join(folder, name));
    for (const [index, { bytes }] of tars.entries()) writeFileSync(paths[index]!, bytes);
    const told = toldBy(paths);
    const failures: string[] = [];
    for (const [index, { name }] of tars.entries())
      await compare(name, paths[index]!, told[index]).catch((error: Error) =>
        failures.push(`${name}: ${error.message}`),
      );
    expect(failures).toEqual([]);
  }

  it("libarchive's", async () => {
    const tars = await libarchiveTars();
    expect(tars.length).toBeGreaterThan(50);
    await compareAll(tars);
  });

  it("node-tar's", async () => {
    const tars = await nodeTarTars();
    expect(tars.length).toBeGreaterThan(15);
    await compareAll(tars);
  });
});
