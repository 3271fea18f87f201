import { overheard } from "../bytes/overheard.ts";
import type { ByteStream } from "../bytes/source.ts";
import { guardPaths, normalPath } from "../tar/policy.ts";
import { type PassingMember, streamTar } from "../tar/read.ts";
import { compressedArchive, noImages, notABundle, type Piece, type StreamBundle } from "./bundle.ts";
import { type ArchiveName, isArchiveName, parseArchiveName, refuseTwins } from "./names.ts";
import { roleOf } from "./roles.ts";

/** How a compressed file is read: raw bytes in order, anew for each pass, and what takes the compression off. */
export interface Compressed {
  readonly label: string;
  readonly identity: string;
  readonly size: number;
  raw(): ByteStream;
  inflate(stream: ByteStream): ByteStream;
  close(): Promise<void>;
}

/** A compressed tar: a bundle, or one image archive (`file` is its name then). */
export function streamBundle(compressed: Compressed, file: string): StreamBundle {
  const { label, identity, size } = compressed;
  return {
    kind: "stream",
    label,
    identity,
    size,
    pass: (signal, onRead) => pieces(compressed.inflate(overheard(compressed.raw(), onRead)), file, signal),
    close: () => compressed.close(),
  };
}

async function* pieces(stream: ByteStream, file: string, signal: AbortSignal): AsyncGenerator<Piece, void, undefined> {
  const outer = streamTar(stream, { signal });
  const guard = guardPaths(stream.label);
  const names: ArchiveName[] = [];
  const seen: string[] = [];
  let isLayout = false;
  for await (const passing of outer) {
    const { member } = passing;
    isLayout ||= member.type !== "folder" && roleOf(normalPath(member.path)).kind === "layout";
    if (isLayout && names.length === 0 && isArchiveName(file)) {
      yield { kind: "archive", name: parseArchiveName(file), root: undefined, members: from(passing, outer) };
      return;
    }
    const path = guard.admit(member);
    if (member.type !== "file") continue;
    seen.push(path);
    const role = roleOf(path);
    if (role.kind === "compressed-archive") throw compressedArchive(stream.label, role.file);
    if (role.kind === "archive") {
      const name = parseArchiveName(path);
      names.push(name);
      refuseTwins(names);
      yield { kind: "archive", name, root: role.root, members: streamTar(inner(passing, path), { signal }) };
    } else if (role.kind === "chart") yield { kind: "chart", path, below: role.path, root: role.root, passing };
    else if (role.kind === "part" || role.kind === "layout") yield { kind: "part", path, root: undefined, passing };
  }
  if (names.length > 0) return;
  if (isLayout) parseArchiveName(file);
  throw seen.some((path) => /(^|\/)containers\//.test(path))
    ? noImages(stream.label, seen)
    : notABundle(stream.label, seen);
}

/** The outer archive is the image's own: its first member was taken already. */
async function* from(first: PassingMember, rest: AsyncIterable<PassingMember>): AsyncGenerator<PassingMember> {
  yield first;
  yield* rest;
}

/** The data of a member as a stream of its own. */
function inner({ data, member }: PassingMember, path: string): ByteStream {
  return { label: path, identity: `${path}:${member.size}`, chunks: () => data, close: async () => {} };
}
