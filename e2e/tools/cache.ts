import { createHash, type Hash } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where software that was built or fetched once stays for every clone (https://specifications.freedesktop.org/basedir-spec/latest/). */
const root = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "eks-deploy/e2e");

/** What is being made: two that need the same wait for the one that began. */
const making = new Map<string, Promise<string>>();

/** Gives the folder `name` in the cache, filled by `make` where it is not there yet. It appears whole or not at all, beside other processes too. */
export function cached(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const begun = making.get(name) ?? fill(name, make).finally(() => making.delete(name));
  making.set(name, begun);
  return begun;
}

async function fill(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(root, name);
  if (existsSync(folder)) return folder;
  const temporary = `${folder}.${process.pid}`;
  const clean = () => rmSync(temporary, { recursive: true, force: true });
  clean();
  await mkdir(temporary, { recursive: true });
  process.once("exit", clean);
  try {
    await make(temporary);
    await rename(temporary, folder);
  } catch (error) {
    clean();
    if (!existsSync(folder)) throw error;
  } finally {
    process.off("exit", clean);
  }
  return folder;
}

/** A short name for content: what was made of other content has another name. */
export function nameOf(...contents: readonly (string | Buffer)[]): string {
  const hash = contents.reduce<Hash>((sum, content) => sum.update(content).update("\0"), createHash("sha256"));
  return hash.digest("hex").slice(0, 16);
}
