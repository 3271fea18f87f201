import { readdir, stat } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import { openFile } from "../bytes/file.ts";
import type { Source } from "../bytes/source.ts";
import { type ArchiveBundle, compressedArchive, noImages, notABundle } from "./bundle.ts";
import { parseArchiveName, refuseTwins } from "./names.ts";
import { chartsIn, openFolder } from "./open-chart.ts";
import { roleOf } from "./roles.ts";

/** Opens an extracted bundle (also one folder too high), or a folder of image archives. */
export async function openFolderBundle(path: string, label: string): Promise<ArchiveBundle> {
  const root = await rootOf(path, label);
  const containers = join(root, "containers");
  const inContainers = await isFolder(containers);
  const files = await archiveFiles(inContainers ? containers : root, root, inContainers, label);
  if (files.length === 0) {
    if (!inContainers) throw notABundle(label, await readdir(root));
    const found = await readdir(containers, { recursive: true });
    throw noImages(
      label,
      found.map((path) => `containers/${path}`),
    );
  }
  const names = files.map((file) =>
    parseArchiveName(
      file,
      files.map((each) => basename(each)),
    ),
  );
  refuseTwins(names);
  const charts = (await isFolder(join(root, "charts"))) ? await chartsIn(join(root, "charts")) : [];
  const chart = charts.length > 0 ? await openFolder(root, label) : undefined;
  const sources = await openAll(root, files);
  return {
    kind: "archives",
    label,
    archives: names.map((name, at) => ({ name, source: sources[at]! })),
    chart,
    folder: root,
    file: undefined,
    parts: [],
    root: "",
    close: async () => void (await Promise.all(sources.map((source) => source.close()))),
  };
}

/** All files, or none where one cannot be opened. */
async function openAll(root: string, files: readonly string[]): Promise<readonly Source[]> {
  const opened = await Promise.allSettled(files.map((file) => openFile(join(root, file), file)));
  const failed = opened.find((one) => one.status === "rejected");
  const sources = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  if (!failed) return sources;
  await Promise.all(sources.map((source) => source.close()));
  throw failed.reason;
}

/** The folder itself, or its only sub-folder where that is the bundle (an archive that was extracted with its top folder). */
async function rootOf(path: string, label: string): Promise<string> {
  const entries = await readdir(path, { withFileTypes: true });
  if (entries.some((entry) => entry.name === "containers" || entry.name.includes("__"))) return path;
  const folders = entries.filter((entry) => entry.isDirectory());
  const [only] = folders;
  if (folders.length === 1 && only && (await isFolder(join(path, only.name, "containers"))))
    return join(path, only.name);
  if (entries.some((entry) => entry.name === "oci-layout")) {
    throw notABundle(
      label,
      entries.map((entry) => entry.name),
    );
  }
  return path;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

async function archiveFiles(
  folder: string,
  root: string,
  recursive: boolean,
  label: string,
): Promise<readonly string[]> {
  const files: string[] = [];
  for (const entry of await readdir(folder, { recursive, withFileTypes: true })) {
    const full = join(entry.parentPath, entry.name);
    // A link that leads nowhere is kept, so that opening it says so: an image must not be left out in silence.
    const linked = entry.isSymbolicLink() && !(await isFolder(full));
    if (!entry.isFile() && !linked) continue;
    const path = relative(root, full).replaceAll(sep, "/");
    const role = roleOf(path);
    if (role.kind === "compressed-archive") throw compressedArchive(label, role.file);
    if (role.kind === "archive") files.push(path);
  }
  return files.sort();
}
