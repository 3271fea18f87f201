import { runningSha256 } from "../bytes/digest.ts";
import { gunzip, unzstd } from "../bytes/inflate.ts";
import { inOrder } from "../bytes/ordered.ts";
import type { ByteStream, Source } from "../bytes/source.ts";
import { guardPaths } from "../tar/policy.ts";
import { dataOf, indexTar, streamTar } from "../tar/read.ts";
import type { FilesContent, PassingFile, StreamContent } from "./content.ts";
import { layOut, type Strip } from "./layout.ts";

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
  const guard = guardPaths(archive.label);
  const members = await indexTar(archive, { signal });
  const entries = members.map((member) => ({ path: guard.admit(member), folder: member.type === "folder", member }));
  const { files, leftOut } = layOut(entries, placing.strip, archive.label, placing.prefixLength);
  return {
    kind: "files",
    leftOut,
    files: files.map(({ path, entry }) => ({
      path,
      size: entry.member.size,
      bytes: dataOf(archive, entry.member),
      offset: entry.member.offset,
    })),
  };
}

/** The files of a compressed tar. Each call of `files` passes over the archive once more. */
export function compressedContent(archive: Source, kind: Compressed): StreamContent {
  let digest = runningSha256();
  return {
    kind: "stream",
    files(signal) {
      digest = runningSha256();
      const raw = overheard(inOrder(archive), digest.update);
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

/** The stream, with `hear` told of every chunk. Closing it leaves the archive open, for another pass. */
function overheard(stream: ByteStream, hear: (chunk: Uint8Array) => void): ByteStream {
  return {
    ...stream,
    async *chunks(signal) {
      for await (const chunk of stream.chunks(signal)) {
        hear(chunk);
        yield chunk;
      }
    },
    close: async () => {},
  };
}
