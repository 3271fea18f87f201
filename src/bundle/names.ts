import { UserError } from "../errors.ts";

/** What an archive's file name says: `atlas__2611.0.tar` is image `atlas`, and `2611.0` where the archive itself names no tag. */
export interface ArchiveName {
  readonly image: string;
  readonly suffix: string;
  readonly file: string;
  /** Where in the bundle it lies; `file` itself where it is alone. */
  readonly path: string;
}

/** ECR's rule for repository names; at most 256 characters. */
const repository = /^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

export function isRepositoryName(name: string): boolean {
  return name.length >= 2 && name.length <= 256 && repository.test(name);
}

/** Reads `<image-name>__<anything>.tar`; `path` may lead there. Refuses a name that leaves the image open, listing `siblings`. */
export function parseArchiveName(path: string, siblings: readonly string[] = []): ArchiveName {
  const file = path.slice(path.lastIndexOf("/") + 1);
  const stem = file.replace(/\.(tar|tar\.gz|tgz|tar\.zst)$/i, "");
  const cut = stem.indexOf("__");
  const image = cut === -1 ? "" : stem.slice(0, cut);
  const suffix = cut === -1 ? "" : stem.slice(cut + 2);
  if (cut === -1) throw badName(file, 'has no "__" between image name and tag', siblings);
  if (!isRepositoryName(image)) throw badName(file, `begins with "${image}", which is no repository name`, siblings);
  return { image, suffix, file, path };
}

/** Whether a file's name is one of an image archive. */
export function isArchiveName(file: string): boolean {
  return /^[^/]+__/.test(file);
}

function badName(file: string, what: string, siblings: readonly string[]): UserError {
  const found = siblings.length > 0 ? ` Found: ${siblings.join(", ")}.` : "";
  return new UserError("IMAGE_FILE_NAME", {
    happened: `The archive "${file}" ${what}.${found}`,
    next: "Name it <image-name>__<tag>.tar, as it came in the bundle: the part before __ is the repository.",
  });
}

/** Refuses two archives of one image: which of them is meant would be a guess. */
export function refuseTwins(names: readonly ArchiveName[]): void {
  const seen = new Map<string, string>();
  for (const { image, path } of names) {
    const other = seen.get(image);
    if (other !== undefined) {
      throw new UserError("IMAGE_FILE_NAME", {
        happened: `Two archives are of the image ${image}: ${other} and ${path}.`,
        next: "Leave one archive per image in the bundle, or point bundle at the right archive alone.",
      });
    }
    seen.set(image, path);
  }
}
