import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { size } from "../action/describe.ts";
import { UserError } from "../errors.ts";

/** Small parts of a bundle are small: together they must not fill the disk that the images are kept off. */
const most = 512 * 2 ** 20;

/** One part is read whole, so it must be smaller still. */
const mostOfOne = 64 * 2 ** 20;

/** Refuses a file that is neither an image nor a small part, before it is read. */
export function refuseLargePart(path: string, bytes: number): void {
  if (bytes > mostOfOne)
    throw tooLarge(`${path} has ${size(bytes)}, and is neither an image nor a small part of the bundle.`);
}

function tooLarge(happened: string): UserError {
  return new UserError("BUNDLE_PARTS_TOO_LARGE", {
    happened,
    next: "Leave extract-to out, or use the bundle as Poolside sent it.",
  });
}

interface Part {
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
}

/**
 * Writes a bundle's small parts below one folder, as if the bundle's root lay there: the top folder that archives are packed with is left out.
 * Parts that pass before the root is known wait for it. Paths were judged by whoever read them.
 */
export class Extraction {
  /** Absolute path of the folder. */
  readonly folder: string;
  private root: string | undefined;
  private waiting: Part[] = [];
  private total = 0;

  constructor(folder: string, workspace: string) {
    this.folder = resolve(workspace, folder);
  }

  /** Refuses what would be too much, before it is read. */
  admit(path: string, bytes: number): void {
    this.total += bytes;
    if (this.total <= most) return;
    throw tooLarge(
      `What the bundle holds beside its images is more than ${size(most)}; ${path} is where that was noticed.`,
    );
  }

  /** `root` is the bundle's top folder (`name/`), or empty. */
  async rootIs(root: string): Promise<void> {
    this.root ??= root;
    for (const part of this.waiting.splice(0)) await this.store(part);
  }

  async write(path: string, content: Buffer, mode: number): Promise<void> {
    const part = { path, content, mode };
    if (this.root === undefined) this.waiting.push(part);
    else await this.store(part);
  }

  private async store({ path, content, mode }: Part): Promise<void> {
    const inner = this.root && path.startsWith(this.root) ? path.slice(this.root.length) : path;
    const target = join(this.folder, inner);
    try {
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, content, { mode: mode & 0o100 ? 0o755 : 0o644 });
    } catch (cause) {
      throw new UserError("BUNDLE_NOT_EXTRACTED", {
        happened: `${target} cannot be written: ${(cause as Error).message}.`,
        next: "Name a folder in extract-to that this job may write to, on a disk that has room.",
        cause,
      });
    }
  }
}
