import { execFileSync, spawnSync } from "node:child_process";
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { passAll, seekAll } from "./reading.ts";

let folder: string;
const deep = `${"d".repeat(60)}/${"e".repeat(60)}/${"f".repeat(60)}.json`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "eks-deploy-tar-"));
  mkdirSync(join(folder, "m", deep, ".."), { recursive: true });
  writeFileSync(join(folder, "m/config.json"), '{"a": 1}');
  writeFileSync(join(folder, "m/empty"), "");
  writeFileSync(join(folder, "m/ünïcode 日本.txt"), "x".repeat(5_000));
  writeFileSync(join(folder, "m", deep), "deep");
});
afterAll(() => rmSync(folder, { recursive: true }));

const files = [
  ["m/config.json", '{"a": 1}'],
  [`m/${deep}`, "deep"],
  ["m/empty", ""],
  ["m/ünïcode 日本.txt", "x".repeat(5_000)],
];

async function filesOf(tar: Buffer) {
  const seen = await seekAll(tar);
  expect(await passAll(tar, [4_096])).toEqual(seen);
  return seen
    .filter(({ member }) => member.type === "file")
    .map(({ member, data }) => [member.path, data.toString()])
    .sort();
}

const has = (tool: string) => spawnSync(tool, ["--version"]).status === 0;

describe("archives of other writers", () => {
  it.runIf(has("tar")).for(["gnu", "oldgnu", "posix", "ustar"])("GNU tar, format %s", async (format) => {
    const tar = execFileSync("tar", [`--format=${format}`, "-C", folder, "-cf", "-", "m"]);
    expect(await filesOf(tar)).toEqual(files);
  });

  it.runIf(has("tar"))("GNU tar, a link and a sparse file", async () => {
    const own = mkdtempSync(join(folder, "links-"));
    writeFileSync(join(own, "a"), "x");
    linkSync(join(own, "a"), join(own, "b"));
    symlinkSync("a", join(own, "c"));
    writeFileSync(join(own, "hole"), "");
    truncateSync(join(own, "hole"), 1_000_000);
    for (const format of ["gnu", "posix"]) {
      const tar = execFileSync("tar", [
        "-S",
        `--format=${format}`,
        "-C",
        own,
        "--sort=name",
        "-cf",
        "-",
        "a",
        "b",
        "c",
        "hole",
      ]);
      const seen = await seekAll(tar);
      expect(seen.map(({ member }) => [member.type, member.linkpath])).toEqual([
        ["file", undefined],
        ["hardlink", "a"],
        ["symlink", "a"],
        ["sparse", undefined],
      ]);
      expect(seen.at(-1)?.member.path).toBe("hole");
    }
  });

  it.runIf(has("python3")).for(["USTAR_FORMAT", "GNU_FORMAT", "PAX_FORMAT"])("Python's tarfile, %s", async (format) => {
    const path = join(folder, `${format}.tar`);
    const script = `import sys, tarfile
with tarfile.open(sys.argv[1], "w", format=tarfile.${format}) as tar: tar.add(sys.argv[2] + "/m", "m")`;
    execFileSync("python3", ["-c", script, path, folder]);
    expect(await filesOf(readFileSync(path))).toEqual(files);
  });
});
