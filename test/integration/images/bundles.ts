import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { writeSampleBundle } from "../../../sandbox/sample/bundle.ts";
import { type Entry, tarOf } from "../../../sandbox/sample/tar.ts";

/** Files of a folder as entries of a tar, below `top`; `order` puts paths that begin so first. */
export function entriesOf(folder: string, top = "", order: readonly string[] = []): readonly Entry[] {
  const rank = (path: string) => {
    const found = order.findIndex((start) => path.startsWith(start));
    return found === -1 ? order.length : found;
  };
  return (readdirSync(folder, { recursive: true }) as string[])
    .filter((path) => statSync(join(folder, path)).isFile())
    .map((path) => relative(folder, join(folder, path)))
    .sort((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1))
    .map((path) => ({
      path: top ? `${top}/${path}` : path,
      content: readFileSync(join(folder, path)),
      mode: statSync(join(folder, path)).mode & 0o777,
    }));
}

const made = new Map<number, string>();

/** Lays the sample bundle below `folder` as `bundle/`, and packed; made once for each `scale`. */
export function writeBundles(folder: string, scale = 0.05): void {
  const source = made.get(scale) ?? makeBundles(scale);
  made.set(scale, source);
  cpSync(source, folder, { recursive: true });
}

function makeBundles(scale: number): string {
  const folder = mkdtempSync(join(tmpdir(), "eks-deploy-bundles-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  writeSampleBundle(join(folder, "bundle"), scale);
  const tar = tarOf(entriesOf(join(folder, "bundle"), "poolside-2611"));
  writeFileSync(join(folder, "bundle.tar"), tar);
  writeFileSync(join(folder, "bundle.tar.gz"), gzipSync(tar, { level: 1 }));
  writeFileSync(join(folder, "bundle.tar.zst"), zstdCompressSync(tar));
  return folder;
}
