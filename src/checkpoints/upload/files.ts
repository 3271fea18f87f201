import type { ManifestFile } from "../../facts/manifest.ts";
import type { ListedObject } from "../../facts/prefix.ts";
import type { WorkQueue } from "../../transfer/queue.ts";
import type { CheckpointFile, FilesContent } from "../content.ts";
import { partSizeFor } from "../parts.ts";
import type { ModelWork } from "../plan.ts";
import { equalObject } from "./compare.ts";
import { copyFile } from "./copy.ts";
import { type Run, uploadFile } from "./file.ts";
import { UploadLost } from "./problems.ts";
import type { Progress } from "./progress.ts";
import { settleOrphans } from "./resume.ts";
import type { OpenUpload, Store } from "./store.ts";

/** What all uploads of a run share. */
export interface Engine {
  readonly store: Store;
  readonly queue: WorkQueue;
  readonly progress: Progress;
  /** Wanted by the user; else it follows from the source. */
  readonly partSize: number | undefined;
}

/** Parts of files on disk, and of files that are held in memory on their way. */
const usualPart = 16 * 1_048_576;
const networkPart = 8 * 1_048_576;

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
  return Promise.all(
    content.files.map((file) => {
      const entry = kept.has(file.path) ? before.get(file.path) : undefined;
      const key = model.prefix.key + file.path;
      return entry ?? bring(file, { key, found: there.get(file.path), open: open.get(key) }, engine);
    }),
  );
}

/** What lies at a file's key: an object, an unfinished upload, or nothing. */
interface Place {
  readonly key: string;
  readonly found: ListedObject | undefined;
  readonly open: OpenUpload | undefined;
}

async function bring(file: CheckpointFile, { key, found, open }: Place, engine: Engine): Promise<ManifestFile> {
  const { store, queue, progress } = engine;
  if (found?.size === file.size) {
    const equal = await queue.add(file.size, () => equalObject(store, key, file));
    if (equal) {
      progress.add(file.size, false);
      return equal;
    }
  }
  if (file.origin) return copyFile({ ...file, origin: file.origin, key, found }, store, runOn(queue), progress);
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
  return settleOrphans(engine.store, key, new Set(inParts.map((file) => key + file.path)));
}

/** Work on a queue. A lost upload is the file's own affair: it does not end the queue. */
export function runOn(queue: WorkQueue): Run {
  return async (weight, work) => {
    const result = await queue.add(weight, async (turn) => {
      try {
        return { value: await work(turn) };
      } catch (thrown) {
        if (thrown instanceof UploadLost) return { lost: thrown };
        throw thrown;
      }
    });
    if ("lost" in result && result.lost) throw result.lost;
    return (result as { value: Awaited<ReturnType<typeof work>> }).value;
  };
}
