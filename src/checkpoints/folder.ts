import { readdir, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { sourceDenied } from "../bytes/failures.ts";
import { fileIdentity, openFile } from "../bytes/file.ts";
import type { Place, Source } from "../bytes/source.ts";
import { UserError } from "../errors.ts";
import { shown } from "../tar/names.ts";
import type { Placing } from "./archive.ts";
import type { CheckpointFile, FilesContent } from "./content.ts";
import { layOut } from "./layout.ts";

/** Files of a folder that are open at once; a checkpoint of many small files must not meet the system's limit. */
const mostOpen = 64;

/** The files below a folder, as they lie: nothing is stripped in `auto`. Links and devices are refused. `close` lets go of the open files. */
export async function folderContent(
  folder: string,
  label: string,
  placing: Placing,
): Promise<{ readonly content: FilesContent; close(): Promise<void> }> {
  const entries = await entriesOf(folder, label).catch((thrown: unknown) => {
    throw unreadable(thrown, folder, label);
  });
  const strip = placing.strip === "auto" ? 0 : placing.strip;
  const { files, leftOut } = layOut(entries, strip, label, placing.prefixLength);
  const open = openFiles();
  const placed = files.map(({ path, entry }): CheckpointFile => {
    const at = join(folder, entry.path);
    return { path, size: entry.size, bytes: new LazyFile(at, entry, `${label}/${entry.path}`, open) };
  });
  return { content: { kind: "files", leftOut, files: placed }, close: () => open.close() };
}

interface Entry {
  readonly path: string;
  readonly folder: boolean;
  readonly size: number;
  readonly identity: string;
}

async function entriesOf(folder: string, label: string): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for (const found of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const at = join(found.parentPath, found.name);
    const path = pathIn(folder, at);
    if (found.isDirectory()) continue;
    if (!found.isFile()) throw noPlainFile(path, label);
    const stamp = await stat(at, { bigint: true });
    entries.push({ path, folder: false, size: Number(stamp.size), identity: fileIdentity(at, stamp) });
  }
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function pathIn(folder: string, at: string): string {
  return relative(folder, at).split(sep).join("/");
}

interface OpenFiles {
  use<T>(path: string, body: (source: Source) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Keeps the last used files open; the one that was used longest ago is closed when there are too many. */
function openFiles(): OpenFiles {
  const open = new Map<string, { source: Promise<Source>; users: number }>();
  return {
    async use(path, body) {
      const entry = open.get(path) ?? { source: openFile(path), users: 0 };
      open.delete(path);
      open.set(path, entry);
      entry.users += 1;
      try {
        return await body(await entry.source);
      } finally {
        entry.users -= 1;
        if (open.size > mostOpen) await closeOldest(open);
      }
    },
    async close() {
      await Promise.all([...open.values()].map(async ({ source }) => (await source).close()));
      open.clear();
    },
  };
}

async function closeOldest(open: Map<string, { source: Promise<Source>; users: number }>): Promise<void> {
  for (const [path, { source, users }] of open) {
    if (users > 0) continue;
    open.delete(path);
    await (await source).close();
    return;
  }
}

/** A file that is opened when its bytes are wanted, and must still be what the folder's listing told. */
class LazyFile implements Source {
  readonly size: number;
  readonly identity: string;
  readonly label: string;
  private readonly path: string;
  private readonly open: OpenFiles;

  constructor(path: string, { size, identity }: Pick<Entry, "size" | "identity">, label: string, open: OpenFiles) {
    this.path = path;
    this.size = size;
    this.identity = identity;
    this.label = label;
    this.open = open;
  }

  place(): Place {
    const { path, identity, label } = this;
    return { path, identity, label, offset: 0 };
  }

  read(offset: number, into: Uint8Array, signal?: AbortSignal): Promise<number> {
    return this.open.use(this.path, async (source) => {
      if (source.identity !== this.identity) throw changed(this.label);
      return source.read(offset, into, signal);
    });
  }

  async close(): Promise<void> {}
}

function changed(label: string): UserError {
  return new UserError("CHECKPOINT_SOURCE_CHANGED", {
    happened: `${label} changed while it was read.`,
    next: "Wait until whoever writes it has finished, then run again.",
  });
}

/** What the system says of a file or folder below; a name that is no UTF-8 is not found under the name that it is listed by. */
function unreadable(thrown: unknown, folder: string, label: string): unknown {
  const { code, path = folder } = thrown as NodeJS.ErrnoException;
  const at = `${label}/${pathIn(folder, path)}`;
  if (code === "EACCES" || code === "EPERM") return sourceDenied(at, `Run: chmod -R a+rX ${label}`, thrown);
  if (code !== "ENOENT") return thrown;
  if (!path.includes("\ufffd")) return changed(at);
  return new UserError("CHECKPOINT_PATH_INVALID", {
    happened: `${label} holds ${shown(pathIn(folder, path))}, whose name is no UTF-8 and so unfit for S3.`,
    next: "Rename it.",
  });
}

function noPlainFile(path: string, label: string): UserError {
  return new UserError("CHECKPOINT_PATH_INVALID", {
    happened: `${label} holds ${shown(path)}, which is a link or a device; only files and folders are taken.`,
    next: `Copy the folder with its links resolved: cp -rL ${label} <new folder>`,
  });
}
