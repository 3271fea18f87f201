import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { chartLimits, unusable } from "./chart.ts";
import { helmIgnores } from "./helmignore.ts";

/** The files of a chart's folder by path with slashes, without what its `.helmignore` names. Links are refused: what they point to is not in the bundle. */
export async function chartFolderFiles(folder: string, label: string): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const rules = await readFile(join(folder, ".helmignore"), "utf8").catch(() => undefined);
  const ignores = helmIgnores(rules, label);
  let total = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const full = join(entry.parentPath, entry.name);
    const path = relative(folder, full).replaceAll(sep, "/");
    if (ignores(path)) continue;
    if (!entry.isFile()) throw unusable(label, `${path} is a link or a device`);
    const { size } = await stat(full);
    total += size;
    refuseLarge(path, size, total, label);
    files.set(path, await readFile(full));
  }
  return files;
}

/** helm refuses what is larger; so do we, before it is read. */
export function refuseLarge(path: string, size: number, total: number, label: string): void {
  if (size > chartLimits.file)
    throw unusable(label, `${path} has ${size} bytes; helm takes at most ${chartLimits.file}`);
  if (total > chartLimits.total) throw unusable(label, `its files have more than ${chartLimits.total} bytes together`);
}
