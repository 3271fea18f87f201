import { type Comparison, isBookkeeping } from "../facts/checkpoint.ts";
import type { CheckpointManifest } from "../facts/manifest.ts";
import type { ListedObject } from "../facts/prefix.ts";

/** How a listing differs from a manifest. */
export interface ListingDifference {
  /** Paths of the manifest whose objects are missing or do not have its size (and ETag), in its order. */
  readonly differing: readonly string[];
  /** Paths of objects that the manifest does not name, bookkeeping left out. */
  readonly extras: readonly string[];
}

/** Holds a manifest against a listing that passes page by page: of an object that is as it should be, nothing is kept. */
export async function compareListing(
  { files }: Pick<CheckpointManifest, "files">,
  pages: AsyncIterable<readonly ListedObject[]> | Iterable<readonly ListedObject[]>,
  by: Comparison,
): Promise<ListingDifference> {
  const places = new Map(files.map((file, place) => [file.path, place]));
  const confirmed = new Uint8Array(files.length);
  const extras: string[] = [];
  for await (const page of pages) {
    for (const { path, size, etag } of page) {
      const place = places.get(path);
      if (place === undefined) {
        if (!isBookkeeping(path)) extras.push(path);
        continue;
      }
      const file = files[place]!;
      if (size === file.size && (by === "size" || etag === file.etag)) confirmed[place] = 1;
    }
  }
  return { differing: files.filter((_, place) => confirmed[place] === 0).map((file) => file.path), extras };
}
