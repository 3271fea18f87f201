import { UserError } from "../errors.ts";
import { isBookkeeping } from "../facts/checkpoint.ts";

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
  /(^|\/)(\._[^/]*|\.DS_Store|\.AppleDouble|__MACOSX|\.Spotlight-V100|\.Trashes|PaxHeaders?(\.\d+)?|Thumbs\.db)(\/|$)/;
const archive = /\.(tar|tar\.gz|tgz|tar\.zst|tzst|zip)$/i;
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
  const kept: { segments: readonly string[]; entry: E }[] = [];
  for (const entry of entries) {
    if (entry.folder) continue;
    if (bookkeeping.test(entry.path)) leftOut.push(entry.path);
    else kept.push({ segments: segmentsOf(entry.path), entry });
  }
  const depth = strip === "auto" ? topFolder(kept, label) : strip;
  const files: { path: string; entry: E }[] = [];
  for (const { segments, entry } of kept) {
    if (segments.length <= depth) throw aboveStrip(entry.path, depth, label);
    const path = segments.slice(depth).join("/");
    if (isBookkeeping(path)) leftOut.push(entry.path);
    else files.push({ path: checked(path, entry.path, label, prefixLength), entry });
  }
  refuseTwice(files, label);
  refuseUseless(
    files.map((file) => file.path),
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

function topFolder(kept: readonly { readonly segments: readonly string[] }[], label: string): number {
  const tops = new Set(kept.map(({ segments }) => (segments.length > 1 ? `${segments[0]}/` : segments[0]!)));
  if (kept.length === 0) throw empty(label);
  const [only] = tops;
  if (tops.size === 1 && only!.endsWith("/")) return 1;
  if (tops.size === 1 && archive.test(only!)) throw innerArchive(only!, label);
  throw new UserError("CHECKPOINT_TOP_FOLDER", {
    happened: `${label} must hold exactly one top folder with the checkpoint's files in it; it holds ${listed([...tops])}.`,
    next: "Set strip-components: 0 if the files lie at the archive's root as they should, or repack it with one top folder.",
  });
}

function refuseUseless(paths: readonly string[], label: string): void {
  if (paths.length === 0) throw empty(label);
  if (paths.some((path) => useful.test(path))) return;
  const inner = paths.find((path) => archive.test(path));
  if (inner) throw innerArchive(inner, label);
  const deep = paths.find((path) => useful.test(path.slice(path.indexOf("/") + 1)) && path.includes("/"));
  if (deep) {
    throw new UserError("CHECKPOINT_TOO_DEEP", {
      happened: `The files of ${label} would lie one folder too deep: ${deep} instead of ${deep.slice(deep.indexOf("/") + 1)} at the prefix's root. A model server would find nothing.`,
      next: "Raise strip-components by one, or name the inner folder as the source.",
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
    next: `Unpack ${label} and give ${path} as the source.`,
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

function checked(path: string, named: string, label: string, prefixLength: number): string {
  if (/[\u0000-\u001f\u007f]/.test(path) || segmentsOf(path).includes("..")) {
    throw new UserError("CHECKPOINT_PATH_INVALID", {
      happened: `${label} holds a file whose name is unfit for S3: ${JSON.stringify(named)}.`,
      next: "Repack it without control characters and .. in names.",
    });
  }
  if (prefixLength + Buffer.byteLength(path) > longestKey) {
    throw new UserError("CHECKPOINT_PATH_INVALID", {
      happened: `The name of ${path.slice(0, 80)}... in ${label} is too long: a key in S3 has at most ${longestKey} bytes.`,
      next: "Use a shorter prefix, or repack it with shorter names.",
    });
  }
  return path;
}

function refuseTwice(files: readonly { readonly path: string }[], label: string): void {
  const seen = new Set<string>();
  for (const { path } of files) {
    const normal = path.normalize("NFC");
    if (seen.has(normal)) {
      throw new UserError("CHECKPOINT_PATH_TWICE", {
        happened: `${label} holds ${path} twice; which one is meant cannot be known.`,
        next: "Repack it so that each file is there once.",
      });
    }
    seen.add(normal);
  }
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 8).join(", ");
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown;
}
