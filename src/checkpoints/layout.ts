import { UserError } from "../errors.ts";
import { isBookkeeping } from "../facts/bookkeeping.ts";
import { holdsControl, shown } from "../tar/names.ts";

/** Something that lies in a source. */
export interface Entry {
  /** As the source names it. */
  readonly path: string;
  readonly folder: boolean;
}

/** How many leading folders are dropped; `auto`: exactly one, which must be the only one. */
export type Strip = "auto" | number;

/** Where the files of a source go. */
export interface Layout<E> {
  /** Path below the model's prefix, and what lies there. In the source's order. */
  readonly files: readonly { readonly path: string; readonly entry: E }[];
  /** Bookkeeping of macOS, pax and other tools, as the source names it. */
  readonly leftOut: readonly string[];
}

const longestKey = 1_024;
const bookkeeping =
  /(^|\/)(\._[^/]*|\.DS_Store|\.AppleDouble|__MACOSX|\.Spotlight-V100|\.Trashes|PaxHeaders?(\.\d+)?|pax_global_header|Thumbs\.db)(\/|$)/;
const archive = /\.(tar(\.(gz|zst|zstd|xz|bz2|lz4))?|tgz|tzst|txz|tbz2?|zip|7z)$/i;
/** So many folders are looked through for files that lie too deep. */
const deepest = 8;
const useful = /^([^/]+\.(safetensors|json)|config\.[^/]+|tokenizer(\/.*|[^/]*))$/;

/**
 * Decides where each file goes, as the guide has it: the archive's one top folder is dropped and the files lie at the prefix's root.
 * `prefixLength` is the length in bytes of the key before the path. What would leave a model server without files is refused, with the guide's hint.
 */
export function layOut<E extends Entry>(
  entries: readonly E[],
  strip: Strip,
  label: string,
  prefixLength = 0,
): Layout<E> {
  const leftOut: string[] = [];
  const kept: E[] = [];
  for (const entry of entries) {
    if (entry.folder) continue;
    refuseName(entry.path, label);
    if (bookkeeping.test(entry.path)) leftOut.push(entry.path);
    else kept.push(entry);
  }
  const depth = strip === "auto" ? topFolder(kept, label) : strip;
  const files: { path: string; entry: E }[] = [];
  const place = placesOf(label, prefixLength);
  for (const entry of kept) {
    const segments = segmentsOf(entry.path);
    if (segments.length <= depth) throw aboveStrip(entry.path, depth, label);
    const path = segments.slice(depth).join("/");
    if (isBookkeeping(path)) leftOut.push(entry.path);
    else files.push({ path: place(path), entry });
  }
  refuseUseless(
    files.map((file) => file.path),
    depth,
    label,
  );
  return { files, leftOut };
}

/** Whether a path is bookkeeping of macOS, pax or another tool, or our own. */
export function isLeftOut(path: string): boolean {
  return bookkeeping.test(path) || isBookkeeping(path);
}

/** What is no reason to refuse, but to tell: no weights at the root. */
export function layoutDoubts(paths: readonly string[]): string | undefined {
  if (paths.some((path) => /^[^/]+\.safetensors$/.test(path))) return undefined;
  return "has no *.safetensors at its root; a model server needs weights";
}

function segmentsOf(path: string): readonly string[] {
  return path.split("/").filter((segment) => segment !== "" && segment !== ".");
}

function topFolder(kept: readonly Entry[], label: string): number {
  const tops = new Set<string>();
  for (const { path } of kept) {
    const [top, below] = segmentsOf(path);
    tops.add(below === undefined ? top! : `${top}/`);
  }
  if (kept.length === 0) throw empty(label);
  const [only] = tops;
  if (tops.size === 1 && only!.endsWith("/")) return 1;
  if (tops.size === 1 && archive.test(only!)) throw innerArchive(only!, label);
  throw new UserError("CHECKPOINT_TOP_FOLDER", {
    happened: `${label} must hold exactly one top folder with the checkpoint's files in it; it holds ${listed([...tops])}.`,
    next: "Set strip-components: 0 if the files lie at the archive's root as they should, or repack it with one top folder.",
  });
}

function refuseUseless(paths: readonly string[], depth: number, label: string): void {
  if (paths.length === 0) throw empty(label);
  if (paths.some((path) => useful.test(path))) return;
  const inner = paths.find((path) => archive.test(path));
  if (inner) throw innerArchive(inner, label);
  for (let deeper = 1; deeper <= deepest; deeper += 1) {
    const below = (path: string) => path.split("/").slice(deeper).join("/");
    const deep = paths.find((path) => useful.test(below(path)));
    if (deep === undefined) continue;
    throw new UserError("CHECKPOINT_TOO_DEEP", {
      happened: `The files of ${label} would lie ${deeper === 1 ? "one folder" : `${deeper} folders`} too deep: ${deep} instead of ${below(deep)} at the prefix's root. A model server would find nothing.`,
      next: `Set strip-components: ${depth + deeper}, or name the inner folder as the source.`,
    });
  }
  throw new UserError("CHECKPOINT_NOTHING_USEFUL", {
    happened: `${label} has nothing at its root that a model server loads (*.safetensors, *.json, config.*, tokenizer files); it has ${listed(paths)}.`,
    next: "Check that this is the checkpoint's archive, and strip-components.",
  });
}

function innerArchive(path: string, label: string): UserError {
  return new UserError("CHECKPOINT_INNER_ARCHIVE", {
    happened: `${label} holds another archive (${path}) instead of the checkpoint's files. A model server only loads unpacked files such as *.safetensors and *.json.`,
    next: `Give ${path} itself as the source: by its own path where ${label} is a folder or a prefix, else unpacked from it first.`,
  });
}

function empty(label: string): UserError {
  return new UserError("CHECKPOINT_EMPTY", {
    happened: `${label} holds no files.`,
    next: "Name the checkpoint's archive, its folder, or its prefix in S3.",
  });
}

function aboveStrip(path: string, depth: number, label: string): UserError {
  return new UserError("CHECKPOINT_TOP_FOLDER", {
    happened: `${path} in ${label} lies above the ${depth} folders that strip-components drops; it would be lost.`,
    next: "Lower strip-components.",
  });
}

function refuseName(path: string, label: string): void {
  if (!holdsControl(path) && !path.includes("\ufffd") && !path.split("/").includes("..")) return;
  throw new UserError("CHECKPOINT_PATH_INVALID", {
    happened: `${label} holds a file whose name is unfit for S3: ${shown(path)}.`,
    next: "Repack it without control characters, .. and what is no UTF-8 in names.",
  });
}

/**
 * Judges where files go, one after the other, beside those before: a key that is too long is `CHECKPOINT_PATH_INVALID`; a file that is there already, also
 * in another spelling, or as a folder, is `CHECKPOINT_PATH_TWICE`. `prefixLength` is the length in bytes of the key before the path.
 */
export function placesOf(label: string, prefixLength: number): (path: string) => string {
  const files = new Set<string>();
  const folders = new Set<string>();
  return (path) => {
    if (prefixLength + Buffer.byteLength(path) > longestKey) throw tooLong(path, label);
    const normal = path.normalize("NFC");
    const parts = normal.split("/");
    const parents = parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
    const beneath = parents.find((parent) => files.has(parent));
    if (files.has(normal)) throw twice(path, "twice", label);
    if (beneath !== undefined || folders.has(normal)) throw twice(beneath ?? path, "as a file and as a folder", label);
    files.add(normal);
    for (const parent of parents) folders.add(parent);
    return path;
  };
}

function tooLong(path: string, label: string): UserError {
  return new UserError("CHECKPOINT_PATH_INVALID", {
    happened: `The name of ${path.slice(0, 80)}... in ${label} is too long: a key in S3 has at most ${longestKey} bytes.`,
    next: "Use a shorter prefix, or repack it with shorter names.",
  });
}

function twice(path: string, how: string, label: string): UserError {
  return new UserError("CHECKPOINT_PATH_TWICE", {
    happened: `${label} would bring ${path} ${how}; which one is meant cannot be known.`,
    next: "Repack it so that each file is there once; where strip-components drops folders that tell files apart, lower it.",
  });
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 8).join(", ");
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown;
}
