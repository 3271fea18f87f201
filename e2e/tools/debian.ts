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
    for (const part of ["state/lists/partial", "cache/archives/partial"])
      await mkdir(join(folder, "apt", part), { recursive: true });
    await mkdir(debs);
    await writeFile(join(folder, "apt/suite.sources"), await sourcesOf(suite));
    await writeFile(join(folder, "apt/apt.conf"), aptConfiguration(join(folder, "apt")));
    const env = { APT_CONFIG: join(folder, "apt/apt.conf") };
    await run("apt-get", ["-q", "update"], { env });
    await run("apt-get", ["-q", "download", ...packages], { env, cwd: debs });
    for (const file of await readdir(debs)) await run("dpkg-deb", ["-x", join(debs, file), folder]);
  });
}

/** The machine's own sources of Debian, for another suite. */
async function sourcesOf(suite: string): Promise<string> {
  const text = await readFile(machineSources, "utf8");
  const stanzas = text.split(/\n\s*\n/).filter((stanza) => /^URIs:.*\/debian\/?\s*$/m.test(stanza));
  if (stanzas.length === 0) throw new Error("this machine's debian.sources name no archive of Debian");
  return `${stanzas.map((stanza) => stanza.replace(/^Suites:.*$/m, `Suites: ${suite}`)).join("\n\n")}\n`;
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
