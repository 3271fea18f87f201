import { constants, fstatSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { Cancelled, UserError } from "../errors.ts";
import { sourceChanged, sourceDenied, sourceNotFound } from "./failures.ts";
import type { Place, Source } from "./source.ts";

interface Stamp {
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

/** The identity that `openFile` gives a file of these (`stat` with `bigint`). */
export function fileIdentity(path: string, { size, mtimeNs }: Stamp): string {
  return `file:${path}:${size}:${mtimeNs}`;
}

/**
 * A regular file, read by position. Its identity is path, size and mtime; size and mtime are compared again after every read, so a file that
 * grew, shrank or was written to meanwhile is `SOURCE_CHANGED`. Other errors: `SOURCE_NOT_FOUND`, `SOURCE_DENIED`, `SOURCE_UNUSABLE`.
 */
export async function openFile(path: string, label = path): Promise<Source> {
  // Without waiting: a FIFO would keep it until somebody writes.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((error: unknown) => {
    throw unreadable(error, label);
  });
  const stat = await handle.stat({ bigint: true });
  if (!stat.isFile()) {
    await handle.close();
    throw new UserError("SOURCE_UNUSABLE", {
      happened: `${label} is ${stat.isDirectory() ? "a folder" : "no regular file"}.`,
      next: "Name a regular file.",
    });
  }
  return new FileSource(handle, path, label, stat);
}

class FileSource implements Source {
  readonly size: number;
  readonly identity: string;
  readonly label: string;
  private readonly path: string;
  private readonly handle: FileHandle;
  private readonly stamp: Stamp;
  private closed = false;

  constructor(handle: FileHandle, path: string, label: string, stamp: Stamp) {
    this.handle = handle;
    this.stamp = stamp;
    this.label = label;
    this.size = Number(stamp.size);
    this.identity = fileIdentity(path, stamp);
    this.path = path;
  }

  place(): Place {
    const { path, identity, label } = this;
    return { path, identity, label, offset: 0 };
  }

  async read(offset: number, into: Uint8Array, signal?: AbortSignal): Promise<number> {
    const wanted = Math.max(0, Math.min(into.length, this.size - offset));
    let done = 0;
    while (done < wanted) {
      if (signal?.aborted) throw new Cancelled();
      const { bytesRead } = await this.handle.read(into, done, wanted - done, offset + done);
      if (bytesRead === 0) throw sourceChanged(this.label);
      done += bytesRead;
    }
    if (wanted > 0) this.compare();
    return done;
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.handle.close();
  }

  /** At once, because a turn of the thread pool for each chunk would cost more than the call. */
  private compare(): void {
    const now: Stamp = fstatSync(this.handle.fd, { bigint: true });
    if (now.size !== this.stamp.size || now.mtimeNs !== this.stamp.mtimeNs) throw sourceChanged(this.label);
  }
}

function unreadable(error: unknown, label: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === "ENOENT" || code === "ENOTDIR") return sourceNotFound(label, "file", error);
  if (code === "EACCES" || code === "EPERM") return sourceDenied(label, `Run: chmod a+r ${label}`, error);
  return error;
}
