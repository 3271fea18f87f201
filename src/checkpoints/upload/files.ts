import type { ManifestFile } from "../../facts/manifest.ts";
import { byPath } from "../../facts/prefix.ts";
import type { CheckpointFile, FilesContent } from "../content.ts";
import { partSizeFor, smallestPart } from "../parts.ts";
import type { ModelWork } from "../plan.ts";
import { equalObject } from "./compare.ts";
import { copyFile } from "./copy.ts";
import { type Engine, type Place, runOn } from "./engine.ts";
import { uploadFile } from "./file.ts";
import { sealedObject } from "./problems.ts";
import { settleOrphans } from "./resume.ts";
import type { OpenUpload } from "./store.ts";
import { isLarge, proveUnpacked, unpack, unpackable } from "./unpack.ts";
import { inWindow } from "./window.ts";

/** Parts of files on disk, and of files that are held in memory on their way. */
const usualPart = 16 * 1_048_576;
const networkPart = smallestPart;

/** Brings all files of a model into its prefix, those that are there already unsent; gives every file's entry in the manifest. */
export async function uploadFiles(
  work: ModelWork,
  content: FilesContent,
  engine: Engine,
): Promise<readonly ManifestFile[]> {
  const { model, kept, sealed } = work;
  const before = byPath(model.stored?.manifest.files ?? []);
  const there = byPath(model.objects);
  const open = await openUploads(work, content, engine);
  // S3 unpacks over whatever lies there, unread.
  const archive = sealed
    ? undefined
    : unpackable(
        model.source,
        [...kept].map((path) => before.get(path)),
      );
  const entries: ManifestFile[] = new Array(content.files.length);
  const bringOne = async (index: number, own: Engine) => {
    const file = content.files[index]!;
    const key = model.prefix.key + file.path;
    const place = { key, found: there.get(file.path), sealed, open: open.get(key) };
    entries[index] =
      (kept.has(file.path) ? before.get(file.path) : undefined) ??
      (await (archive && isLarge(file) ? unpack(file, place, archive, own) : bring(file, place, own)));
  };
  const order = largestFirst(content.files);
  const large = order.findIndex((index) => !isLarge(content.files[index]!));
  const split = large < 0 ? order.length : large;
  const small = order.subarray(split).values();
  await Promise.all([
    inWindow(order.subarray(0, split), engine.window, (index) => bringOne(index, engine)),
    inWindow(small, Math.ceil(engine.window / smallShare), (index) => bringOne(index, ahead(engine))),
    inWindow(small, engine.window, (index) => bringOne(index, engine)),
  ]);
  if (archive) await proveUnpacked(content.files, entries, archive, engine);
  return entries;
}

/**
 * A small file takes a round trip whatever the rate, and a large one the rate whatever the round trip: an eighth of the window, a quarter of the
 * connections, is for small ones while large ones are under way, so that they cost no time of their own afterwards.
 */
const smallShare = 8;

/** The same engine, whose work is taken before all other. */
function ahead(engine: Engine): Engine {
  const { queue } = engine;
  return { ...engine, queue: { add: (_, run) => queue.add(Number.POSITIVE_INFINITY, run) } };
}

/** Indexes of files, as the queue would take them: what takes longest must not come last. */
function largestFirst(files: FilesContent["files"]): Uint32Array {
  return Uint32Array.from(files.keys()).sort((a, b) => files[b]!.size - files[a]!.size || a - b);
}

async function bring(file: CheckpointFile, place: Place, engine: Engine): Promise<ManifestFile> {
  const { key, found, sealed, open } = place;
  const { store, queue, progress } = engine;
  const { path, size, origin } = file;
  if (origin) return copyFile({ path, size, origin, key, found, sealed }, store, runOn(queue), progress);
  if (found?.size === size) {
    const equal = await queue.add(size, () => equalObject(store, key, file));
    if (equal) {
      progress.add(size, false);
      return equal;
    }
  }
  if (found && sealed) throw sealedObject(`s3://${store.bucket}/${key}`);
  const { bytes } = file;
  return uploadFile(
    {
      path,
      key,
      size,
      partSize: partSizeOf(file, engine),
      found,
      open,
      body: ({ offset, size }) => ({ source: bytes, offset, size }),
      onPart: (part, sent) => progress.add(part.size, sent),
    },
    store,
    runOn(queue),
    engine.window,
  );
}

function partSizeOf(file: CheckpointFile, { partSize }: Engine): number {
  const usual = file.bytes.stream === undefined ? usualPart : networkPart;
  return partSizeFor(file.size, partSize ?? usual, file.path);
}

/** Unfinished uploads of earlier runs, by key. Only those of files that go in parts can be continued. */
async function openUploads(
  work: ModelWork,
  content: FilesContent,
  engine: Engine,
): Promise<ReadonlyMap<string, OpenUpload>> {
  const { key } = work.model.prefix;
  const inParts = content.files.filter((file) => !file.origin && file.size > partSizeOf(file, engine));
  return settleOrphans(engine.store, key, () => ({
    sent: new Set(inParts.map((file) => key + file.path)),
    copied: copiedKeys(work.model),
  }));
}

/** Keys of files that S3 may copy in parts, with the checksum that their source has. */
export function copiedKeys({ source, prefix }: ModelWork["model"]): ReadonlySet<string> {
  if (source.content.kind !== "files") return new Set();
  const copied = source.content.files.filter((file) => file.origin || (source.inS3 && isLarge(file)));
  return new Set(copied.map((file) => prefix.key + file.path));
}
