import { runningSha256 } from "../bytes/digest.ts";
import { gunzip, unzstd } from "../bytes/inflate.ts";
import { inOrder } from "../bytes/ordered.ts";
import { overheard } from "../bytes/overheard.ts";
import { sliceOf } from "../bytes/slice.ts";
import type { ByteStream, Source } from "../bytes/source.ts";
import type { TarMember } from "../tar/member.ts";
import { guardPaths } from "../tar/policy.ts";
import { streamTar, walkTar } from "../tar/read.ts";
import type { CheckpointFile, FilesContent, PassingFile, StreamContent } from "./content.ts";
import { type Entry, layOut, type Strip } from "./layout.ts";

/** Compressed archives. */
export type Compressed = "tar.gz" | "tar.zst";

/** How files of an archive are placed. */
export interface Placing {
  readonly strip: Strip;
  /** Bytes of the key before a file's path. */
  readonly prefixLength: number;
}

/** The files of an uncompressed tar, found by seeking over their data; unsafe members and a cut archive are refused before anything is uploaded. */
export async function tarContent(archive: Source, placing: Placing, signal: AbortSignal): Promise<FilesContent> {
  const entries = await entriesOf(archive, signal);
  const { files, leftOut } = layOut(entries, placing.strip, archive.label, placing.prefixLength);
  return {
    kind: "files",
    leftOut,
    files: files.map(({ path, entry }) => new ArchivedFile(path, entry.size, entry.offset, archive)),
  };
}

type ArchiveEntry = Entry & Pick<TarMember, "size" | "offset">;

/** A function of its own, so that what the guard remembers of 100,000 paths is let go before they are laid out. */
async function entriesOf(archive: Source, signal: AbortSignal): Promise<readonly ArchiveEntry[]> {
  const guard = guardPaths(archive.label);
  const entries: ArchiveEntry[] = [];
  for await (const member of walkTar(archive, { signal })) {
    const { type, size, offset } = member;
    entries.push({ path: guard.admit(member), folder: type === "folder", size, offset });
  }
  return entries;
}

/** A file of an archive in four fields: there may be a hundred thousand of them, and a source for each would hold ten times as much. */
class ArchivedFile implements CheckpointFile {
  readonly path: string;
  readonly size: number;
  readonly offset: number;
  private readonly archive: Source;

  constructor(path: string, size: number, offset: number, archive: Source) {
    this.path = path;
    this.size = size;
    this.offset = offset;
    this.archive = archive;
  }

  get bytes(): Source {
    return sliceOf(this.archive, this.offset, this.size, `${this.archive.label}!${this.path}`);
  }
}

/** The files of a compressed tar. Each call of `files` passes over the archive once more. */
export function compressedContent(archive: Source, kind: Compressed): StreamContent {
  let digest = runningSha256();
  return {
    kind: "stream",
    files(signal) {
      digest = runningSha256();
      // It stays open for another pass.
      const raw = { ...overheard(inOrder(archive), digest.update), close: async () => {} };
      return passingFiles(kind === "tar.gz" ? gunzip(raw) : unzstd(raw), signal);
    },
    sha256: () => digest.hex(),
  };
}

async function* passingFiles(stream: ByteStream, signal: AbortSignal): AsyncGenerator<PassingFile, void, undefined> {
  const guard = guardPaths(stream.label);
  for await (const { member, data } of streamTar(stream, { signal })) {
    const path = guard.admit(member);
    if (member.type === "file") yield { path, size: member.size, data };
  }
}
