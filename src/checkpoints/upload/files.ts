import type { ManifestFile } from "../../facts/manifest.ts";
import type { CheckpointFile, FilesContent } from "../content.ts";
import { partSizeFor } from "../parts.ts";
import type { ModelWork } from "../plan.ts";
import { equalObject } from "./compare.ts";
import { copyFile } from "./copy.ts";
import { type Engine, type Place, runOn } from "./engine.ts";
import { uploadFile } from "./file.ts";
import { settleOrphans } from "./resume.ts";
import type { OpenUpload } from "./store.ts";
import { isLarge, proveUnpacked, unpack, unpackable } from "./unpack.ts";

/** Parts of files on disk, and of files that are held in memory on their way. */
const usualPart = 16 * 1_048_576;
const networkPart = 5 * 1_048_576;

/** Brings all files of a model into its prefix, those that are there already unsent; gives every file's entry in the manifest. */
export async function uploadFiles(
  work: ModelWork,
  content: FilesContent,
  engine: Engine,
): Promise<readonly ManifestFile[]> {
  const { model, kept } = work;
  const before = new Map(model.stored?.manifest.files.map((file) => [file.path, file]));
  const there = new Map(model.objects.map((object) => [object.path, object]));
  const open = await openUploads(work, content, engine);
  const archive = unpackable(
    model.source,
    [...kept].map((path) => before.get(path)),
  );
  const entries = await Promise.all(
    content.files.map((file) => {
      const entry = kept.has(file.path) ? before.get(file.path) : undefined;
      const key = model.prefix.key + file.path;
      const place = { key, found: there.get(file.path), open: open.get(key) };
      if (entry) return entry;
      return archive && isLarge(file) ? unpack(file, place, archive, engine) : bring(file, place, engine);
    }),
  );
  if (archive) await proveUnpacked(content.files, entries, archive, engine);
  return entries;
}

async function bring(file: CheckpointFile, { key, found, open }: Place, engine: Engine): Promise<ManifestFile> {
  const { store, queue, progress } = engine;
  if (file.origin) return copyFile({ ...file, origin: file.origin, key, found }, store, runOn(queue), progress);
  if (found?.size === file.size) {
    const equal = await queue.add(file.size, () => equalObject(store, key, file));
    if (equal) {
      progress.add(file.size, false);
      return equal;
    }
  }
  return uploadFile(
    {
      path: file.path,
      key,
      size: file.size,
      partSize: partSizeOf(file, engine),
      found,
      open,
      body: ({ offset, size }) => ({ source: file.bytes, offset, size }),
      onPart: (part, sent) => progress.add(part.size, sent),
    },
    store,
    runOn(queue),
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
  const own = new Set(inParts.map((file) => key + file.path));
  return settleOrphans(engine.store, key, { sent: own, copied: copiedKeys(work.model) });
}

/** Keys of files that S3 may copy in parts, with the checksum that their source has. */
export function copiedKeys({ source, prefix }: ModelWork["model"]): ReadonlySet<string> {
  if (source.content.kind !== "files") return new Set();
  const copied = source.content.files.filter((file) => file.origin || (source.inS3 && isLarge(file)));
  return new Set(copied.map((file) => prefix.key + file.path));
}
