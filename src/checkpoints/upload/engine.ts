import type { ListedObject } from "../../facts/prefix.ts";
import type { WorkQueue } from "../../transfer/queue.ts";
import type { Run } from "./file.ts";
import { UploadLost } from "./problems.ts";
import type { Progress } from "./progress.ts";
import type { OpenUpload, Store } from "./store.ts";

/** What all uploads of a run share. */
export interface Engine {
  readonly store: Store;
  readonly queue: Pick<WorkQueue, "add">;
  readonly progress: Progress;
  /** Wanted by the user; else it follows from the source. */
  readonly partSize: number | undefined;
  /** Files of a model, and parts of a file, that are begun at once: enough for the queue to have work for every connection, whatever the number of all. */
  readonly window: number;
}

/** What lies at a file's key: an object, an unfinished upload, or nothing. */
export interface Place {
  readonly key: string;
  readonly found: ListedObject | undefined;
  /** What lies there may be adopted, and not written over. */
  readonly sealed: boolean;
  readonly open: OpenUpload | undefined;
}

/** Work on a queue. A lost upload is the file's own affair: it does not end the queue. */
export function runOn(queue: Pick<WorkQueue, "add">): Run {
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
