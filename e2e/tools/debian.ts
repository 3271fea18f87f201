import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, nameOf } from "./cache.ts";
import { run } from "./run.ts";

const machineSources = "/etc/apt/sources.list.d/debian.sources";

/** Whether this machine says where Debian's archive is, and brings its keys; Ubuntu does not. */
export function knowsDebian(): boolean {
  return existsSync(machineSources);
}

/** Packages of one suite of Debian. */
export interface DebianPackages {
  /** `sid`, `bookworm`. */
  readonly suite: string;
  readonly packages: readonly string[];
}

/** Folder in which the packages lie unpacked; nothing of the machine is changed. What they depend on must be named too. */
export function unpackedPackages({ suite, packages }: DebianPackages): Promise<string> {
  return cached(`debian-${suite}-${nameOf(...packages)}`, async (folder) => {
    const debs = join(folder, "debs");
    await mkdir(debs);
    const env = await aptIn(folder, suite, "deb");
    await run("apt-get", ["-q", "download", ...packages], { env, cwd: debs });
    for (const file of await readdir(debs)) await run("dpkg-deb", ["-x", join(debs, file), folder]);
  });
}

/** The archive of a program's authors in a source package of Debian, whose content is known. */
export interface DebianSource {
  readonly suite: string;
  readonly name: string;
  /** `libarchive_3.6.2.orig.tar.xz`. */
  readonly file: string;
  readonly sha256: string;
}

/** Folder in which a source lies unpacked, without its top folder. */
export function unpackedSource({ suite, name, file, sha256 }: DebianSource): Promise<string> {
  return cached(`debian-source-${nameOf(file, sha256)}`, async (folder) => {
    const env = await aptIn(folder, suite, "deb-src");
    await run("apt-get", ["-q", "source", "--download-only", name], { env, cwd: folder });
    const archive = join(folder, file);
    const digest = createHash("sha256").update(await readFile(archive));
    if (digest.digest("hex") !== sha256) throw new Error(`${file} has another SHA-256 than ${sha256}`);
    await run("tar", ["-xf", archive, "-C", folder, "--strip-components=1"]);
  });
}

/** Sets apt up below `folder` for one suite; gives the environment that it is called with. */
async function aptIn(folder: string, suite: string, types: "deb" | "deb-src"): Promise<Record<string, string>> {
  for (const part of ["state/lists/partial", "cache/archives/partial"])
    await mkdir(join(folder, "apt", part), { recursive: true });
  await writeFile(join(folder, "apt/suite.sources"), await sourcesOf(suite, types));
  await writeFile(join(folder, "apt/apt.conf"), aptConfiguration(join(folder, "apt")));
  const env = { APT_CONFIG: join(folder, "apt/apt.conf") };
  await run("apt-get", ["-q", "update"], { env });
  return env;
}

/** The machine's own sources of Debian, for another suite; those of sources with its security updates, where they lie once there are such. */
async function sourcesOf(suite: string, types: "deb" | "deb-src"): Promise<string> {
  const suites: Readonly<Record<string, string>> = {
    debian: suite,
    ...(types === "deb-src" && suite !== "sid" ? { "debian-security": `${suite}-security` } : {}),
  };
  const own = (await readFile(machineSources, "utf8")).split(/\n\s*\n/).flatMap((stanza) => {
    const archive = /^URIs:.*\/(debian(?:-security)?)\/?\s*$/m.exec(stanza)?.[1] ?? "";
    const wanted = suites[archive];
    if (wanted === undefined) return [];
    return [stanza.replace(/^Suites:.*$/m, `Suites: ${wanted}`).replace(/^Types:.*$/m, `Types: ${types}`)];
  });
  if (own.length === 0) throw new Error("this machine's debian.sources name no archive of Debian");
  return `${own.join("\n\n")}\n`;
}

function aptConfiguration(folder: string): string {
  return [
    `Dir::State "${folder}/state";`,
    'Dir::State::status "/var/lib/dpkg/status";',
    `Dir::Cache "${folder}/cache";`,
    `Dir::Etc::sourcelist "${folder}/suite.sources";`,
    'Dir::Etc::sourceparts "/dev/null";',
    'APT::Sandbox::User "root";',
    'Acquire::Languages "none";',
    "",
  ].join("\n");
}
