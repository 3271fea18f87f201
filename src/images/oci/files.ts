import { type Descriptor, damaged, digestLike } from "./descriptor.ts";
import { short } from "./manifest.ts";

/** The files of one image archive, wherever they are: in a tar that can be read at random, or what was kept of a stream. */
export interface LayoutFiles {
  /** Name of the archive, for people. */
  readonly archive: string;
  paths(): Iterable<string>;
  /** Bytes of the file; `undefined` where there is none. */
  size(path: string): number | undefined;
  /** A small file, whole; `undefined` where it passed and was not held: its bytes were proven on their way. */
  read(path: string): Promise<Buffer | undefined>;
}

/** Content that the descriptor carries itself. */
export function embedded(blob: Descriptor, archive: string): Buffer | undefined {
  if (blob.data === undefined) return undefined;
  const bytes = Buffer.from(blob.data, "base64");
  if (digestLike(blob.digest, bytes) !== blob.digest)
    throw damaged(archive, `the data inside the descriptor ${short(blob.digest)} has another digest`);
  return bytes;
}
