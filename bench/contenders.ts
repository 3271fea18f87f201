import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "./measure.ts";
import { type Endpoints, productStep } from "./product.ts";
import type { Contender } from "./row.ts";
import type { World } from "./world.ts";

/** The product's side of a row. */
export function product(
  world: World,
  action: string,
  inputs: Readonly<Record<string, string>>,
  endpoints: Endpoints = {},
  env: Command["env"] = {},
): Contender {
  return {
    name: "eks-deploy",
    kind: "product",
    async command() {
      const step = productStep(world, action, inputs, endpoints, env);
      return { command: step.command, seconds: step.seconds, clean: step.remove };
    },
  };
}

/** A command line of another tool; `{}` in it is a fresh folder on the disk. */
export function peer(
  world: World,
  name: string,
  script: string,
  more: { readonly goal?: number; readonly kind?: Contender["kind"]; readonly env?: Command["env"] } = {},
): Contender {
  return {
    name,
    kind: more.kind ?? "peer",
    ...(more.goal === undefined ? {} : { goal: more.goal }),
    async command() {
      const folder = mkdtempSync(join(world.folder, "peer-"));
      const [files, temp] = [join(folder, "files"), join(folder, "temp")];
      for (const part of [files, temp]) mkdirSync(part);
      return {
        command: {
          argv: ["sh", "-ec", script.replaceAll("{}", files)],
          cwd: world.folder,
          // skopeo remembers where blobs lie: each run begins without that knowledge.
          env: {
            XDG_DATA_HOME: join(folder, "data"),
            XDG_CACHE_HOME: join(folder, "cache"),
            TMPDIR: temp,
            ...more.env,
          },
        },
        clean: () => rmSync(folder, { recursive: true, force: true }),
      };
    },
  };
}

/** Words of a command for a shell; nothing in them is for the shell to read. */
export function line(...words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./{}-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(" ");
}
