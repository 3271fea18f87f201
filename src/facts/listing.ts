import { isBookkeeping } from "./bookkeeping.ts";
import type { CheckpointManifest } from "./manifest.ts";
import type { ListedObject } from "./prefix.ts";

/** What is compared of an object: its ETag as well, which changes with every write, or its size alone. */
export type Comparison = "etag" | "size";

/** How a listing differs from a manifest. */
export interface ListingDifference {
  /** Paths of the manifest whose objects are missing or do not have its size (and ETag), in its order. */
  readonly differing: readonly string[];
  /** Objects that the manifest does not name, bookkeeping left out. */
  readonly extras: readonly ListedObject[];
}

/** Holds a manifest against a listing that passes page by page: of an object that is as it should be, nothing is kept. */
export async function comparePages(
  manifest: Pick<CheckpointManifest, "files">,
  pages: AsyncIterable<readonly ListedObject[]>,
  by: Comparison,
): Promise<ListingDifference> {
  const comparison = startComparison(manifest, by);
  for await (const page of pages) comparison.take(page);
  return comparison.end();
}

/** The same with a listing that is there as a whole. */
export function compareListing(
  manifest: Pick<CheckpointManifest, "files">,
  objects: readonly ListedObject[],
  by: Comparison,
): ListingDifference {
  const comparison = startComparison(manifest, by);
  comparison.take(objects);
  return comparison.end();
}

function startComparison({ files }: Pick<CheckpointManifest, "files">, by: Comparison) {
  const places = new Map<string, number>();
  for (const [place, { path }] of files.entries()) places.set(path, place);
  const confirmed = new Uint8Array(files.length);
  const extras: ListedObject[] = [];
  return {
    take(page: readonly ListedObject[]): void {
      for (const object of page) {
        const place = places.get(object.path);
        if (place === undefined) {
          if (!isBookkeeping(object.path)) extras.push(object);
          continue;
        }
        const file = files[place]!;
        if (object.size === file.size && (by === "size" || object.etag === file.etag)) confirmed[place] = 1;
      }
    },
    end: (): ListingDifference => ({
      differing: files.filter((_, place) => confirmed[place] === 0).map((file) => file.path),
      extras,
    }),
  };
}
