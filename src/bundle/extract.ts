import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { size } from "../action/describe.ts";
import { UserError } from "../errors.ts";

/** Small parts of a bundle are small: together they must not fill the disk that the images are kept off. */
const most = 512 * 2 ** 20;

/** Writes a bundle's small parts below one folder. Paths were judged by whoever read them. */
export class Extraction {
  /** Absolute path of the folder. */
  readonly folder: string;
  private total = 0;

  constructor(folder: string, workspace: string) {
    this.folder = resolve(workspace, folder);
  }

  /** Refuses what would be too much, before it is read. */
  admit(path: string, bytes: number): void {
    this.total += bytes;
    if (this.total <= most) return;
    throw new UserError("BUNDLE_PARTS_TOO_LARGE", {
      happened: `What the bundle holds beside its images is more than ${size(most)}; ${path} is where that was noticed.`,
      next: "Leave extract-to out, or use the bundle as Poolside sent it.",
    });
  }

  async write(path: string, content: Buffer, mode: number): Promise<void> {
    const target = join(this.folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content, { mode: mode & 0o100 ? 0o755 : 0o644 });
  }
}
