import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { guardPaths } from "../../src/tar/policy.ts";
import { passAll, type ReadMember, seekAll } from "../../test/unit/tar/reading.ts";
import { bsdtarCommand, goTar, tarTools } from "./archive-tools.ts";

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
try:
    with tarfile.open(sys.argv[1], "r:", encoding="utf-8", errors="replace") as tar: print(json.dumps([told(tar, m) for m in tar]))
except tarfile.TarError as error: print("null")
`;

type Told = readonly (readonly [string, string, number?, string?])[];

const ours = (members: readonly ReadMember[]): Told =>
  members.map(({ member: { path, type, size }, data }) =>
    type === "file" ? [path, type, size, sha256(data)] : [path.replace(/(?<=.)\/+$/, ""), type],
  );

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
};

/** Names that differ, by archive, and why. The first is refused for its name by whoever takes files from it. */
const named: Readonly<Record<string, string>> = {
  "gnu-long-nul.tar": "the name holds a NUL, at which Python and C end it",
  "invalid-go17.tar": "Go 1.7 wrote a prefix where GNU's headers have times: GNU tar and libarchive read as we do",
  "pax-global-records.tar": "an empty record takes the global one back: Go reads as we do",
};

describe("archives of other projects' tests", () => {
  const goTests = join(execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim(), "src/archive/tar/testdata");
  const names = readdirSync(goTests).filter((name) => name.endsWith(".tar"));

  async function compare(name: string, path: string): Promise<void> {
    const theirs = JSON.parse(execFileSync("python3", ["-c", listing, path], { encoding: "utf8" })) as Told | null;
    const found = await membersOf(readFileSync(path)).then(ours, (error: { readonly code: string }) => error.code);
    if (theirs === null) expect(found).toMatch(/^TAR_/);
    else if (refused[name]) expect(found).toBe(refused[name][0]);
    else if (named[name]) {
      expect(found).not.toEqual(theirs);
      expect((found as Told).map(([, ...rest]) => rest)).toEqual(theirs.map(([, ...rest]) => rest));
    } else expect(found).toEqual(theirs);
  }

  it("has Go's", () => expect(names.length).toBeGreaterThan(35));
  it.each(names)("Go: %s", (name) => compare(name, join(goTests, name)));
  it("CPython: testtar.tar", async () =>
    compare("testtar.tar", join(await tarTools.get(), "usr/lib/python3.11/test/testtar.tar")));
});
