import { sliceOf } from "../bytes/slice.ts";
import type { Source } from "../bytes/source.ts";
import { guardPaths, normalPath } from "../tar/policy.ts";
import { indexTar } from "../tar/read.ts";
import { type ArchiveBundle, type BundleFile, noImages } from "./bundle.ts";
import { isLayout, sortFiles } from "./files.ts";
import { parseArchiveName } from "./names.ts";

/** Opens an uncompressed tar: a bundle, whose archives are slices of it, or one image archive (`file` is its name then). */
export async function openTarBundle(source: Source, file: string, signal: AbortSignal): Promise<ArchiveBundle> {
  const members = await indexTar(source, { signal });
  const common = { kind: "archives", label: source.label, folder: undefined, file: source } as const;
  const close = () => source.close();
  if (isLayout(members.map(({ path }) => ({ path: normalPath(path) })))) {
    const archives = [{ name: parseArchiveName(file), source }];
    return { ...common, archives, chart: undefined, parts: [], root: "", close };
  }
  const guard = guardPaths(source.label);
  const files: BundleFile[] = [];
  for (const member of members) {
    const path = guard.admit(member);
    if (member.type !== "file") continue;
    const { offset, size, mode } = member;
    files.push({ path, size, mode, open: async () => sliceOf(source, offset, size, path) });
  }
  if (files.length === 0 && members.some(({ path }) => /(^|\/)containers\/?$/.test(path))) throw noImages(source.label);
  return { ...common, ...(await sortFiles(files, source.label, signal)), close };
}
