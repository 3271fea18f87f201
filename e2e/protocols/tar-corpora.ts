import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Software } from "../software.ts";
import { unpackedSource } from "../tools/debian.ts";

/** libarchive with the archives of its tests, collected from the writers of thirty years; the path is the folder of its source. */
export const libarchiveSource: Software = {
  name: "libarchive's source",
  version: "3.6.2",
  get: () =>
    unpackedSource({
      suite: "bookworm",
      name: "libarchive",
      file: "libarchive_3.6.2.orig.tar.xz",
      sha256: "9e2c1b80d5fbe59b61308fdfab6c79b5021d7ff4ff2489fb12daf0a96a83551d",
    }),
};

/** node-tar with the archives of its tests; the path is the folder of its source. */
export const nodeTarSource: Software = {
  name: "node-tar's source",
  version: "6.1.13",
  get: () =>
    unpackedSource({
      suite: "bookworm",
      name: "node-tar",
      file: "node-tar_6.1.13+~cs7.0.5.orig.tar.gz",
      sha256: "3a109051a63b78a00830bf602036cc77b6870be68967a68e2ce1e0ad3eed8870",
    }),
};

/** An archive of somebody's tests, uncompressed. */
export interface TarOfTests {
  readonly name: string;
  readonly bytes: Buffer;
}

/** libarchive's: each is kept as text (uuencode), many are compressed. */
export async function libarchiveTars(): Promise<readonly TarOfTests[]> {
  const root = await libarchiveSource.get();
  return filesBelow(root, /\/test\/[^/]*(\.tar|\.ustar|\.tar\.Z|gz)\.uu$/).flatMap((path) => {
    const name = basename(path, ".uu");
    if (!/tar$|\.tar\.|\.tgz$/.test(name)) return [];
    const bytes = uudecoded(readFileSync(path, "latin1"));
    return [{ name, bytes: name.endsWith("tar") ? bytes : unpacked(bytes) }];
  });
}

/** gzip reads compress's format, too; some of the archives have something behind their end, of which it warns. */
function unpacked(bytes: Buffer): Buffer {
  const { status, stdout } = spawnSync("gzip", ["-qdc"], { input: bytes, maxBuffer: 2 ** 26 });
  if (status !== 0 && status !== 2) throw new Error(`gzip ended with status ${status}`);
  return stdout;
}

/** node-tar's. */
export async function nodeTarTars(): Promise<readonly TarOfTests[]> {
  const root = await nodeTarSource.get();
  return filesBelow(root, /\/fixtures\/.*\.tar$/).map((path) => ({ name: basename(path), bytes: readFileSync(path) }));
}

function filesBelow(folder: string, wanted: RegExp): readonly string[] {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return paths.map((path) => join(folder, path)).filter((path) => wanted.test(path));
}

/** Lines of up to 45 bytes, the first character their number, four characters for three bytes (POSIX, uuencode). */
function uudecoded(text: string): Buffer {
  const lines = text
    .slice(text.search(/^begin /m))
    .split(/\r?\n/)
    .slice(1);
  const end = lines.indexOf("end");
  const pieces = lines.slice(0, end).map((line) => {
    const value = (at: number) => (line.charCodeAt(at) - 32) & 63;
    const groups = Array.from({ length: Math.ceil(value(0) / 3) }, (_, group) => 1 + 4 * group);
    const bytes = groups.flatMap((at) => {
      const bits = (value(at) << 18) | (value(at + 1) << 12) | (value(at + 2) << 6) | value(at + 3);
      return [bits >> 16, (bits >> 8) & 255, bits & 255];
    });
    return Buffer.from(bytes.slice(0, value(0)));
  });
  return Buffer.concat(pieces);
}
