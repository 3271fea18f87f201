import { existsSync } from "node:fs";
import { join } from "node:path";
import { product } from "../contenders.ts";
import { writeCheckpoint } from "../data/checkpoints.ts";
import { curling, pouring } from "../limits.ts";
import { bytesOf, type Contender, countedBy, memoryGoal, type RowMaker, uploadedOf, writesOf } from "../row.ts";
import { standing } from "../run.ts";
import type { World } from "../world.ts";
import { syncs, type UploadGoals, unpacking, uploaders } from "./uploads.ts";

/** Where sync-checkpoints brings the tar: bucket, prefix, model and version. */
export const checkpointPlace = "acme-models/checkpoints/laguna/laguna_2611/";

/** A tar of 8 large and 404 small files, 1.6 GB; of less than that, what does not grow with it (the start, the small files) would be measured. */
export function oneCheckpoint(world: World) {
  const path = join(world.folder, "laguna_2611.tar");
  const largeBytes = 200_000_000;
  if (!existsSync(path)) writeCheckpoint(path, { large: 8, largeBytes, small: 402, smallBytes: 20_000 });
  return { path, text: bytesOf(8 * largeBytes) };
}

/** The product's side: a source of a checkpoint into the usual bucket. */
export function syncing(world: World, source: string, url: string): Contender {
  const inputs = { checkpoints: `laguna=${source}`, bucket: "acme-models", prefix: "checkpoints" };
  return product(world, "sync-checkpoints", inputs, { bucketUrl: url });
}

export const checkpointIntoDiscarding: RowMaker = async (world) => {
  const { path, text } = oneCheckpoint(world);
  return {
    ...common(world, world.bucketUrl, { aws: 2.5, crt: 2.2, s5cmd: 2 }, [
      curling(world, world.bucketUrl, path, 1 / 1.7),
      pouring(world, world.bucketUrl, path, 16),
    ]),
    id: "checkpoint",
    title: `A checkpoint tar of ${text}, 412 files, over TLS into an S3 that discards`,
    label: `${text} checkpoint`,
  };
};

export const checkpointOverNetwork: RowMaker = async (world) => {
  const { path, text } = oneCheckpoint(world);
  return {
    ...common(world, world.slowBucketUrl, { aws: 2.1, crt: 1.4, s5cmd: 1.6 }, [
      { ...curling(world, world.slowBucketUrl, path), most: 1 },
      pouring(world, world.slowBucketUrl, path, 32),
    ]),
    id: "checkpoint-slow",
    title: `The checkpoint tar of ${text} at 30 ms and 50 MB/s a connection`,
    label: `${text} checkpoint, slow network`,
  };
};

/** Everything is there already; the peers compare with what they unpacked. */
export const checkpointAgain: RowMaker = async (world) => {
  const { path, text } = oneCheckpoint(world);
  const first = syncing(world, path, world.bucketUrl);
  const bucket = { url: world.bucketUrl, place: checkpointPlace };
  return {
    ...countedBy(world),
    id: "checkpoint-again",
    title: `The checkpoint tar of ${text} again, when everything is there`,
    label: `${text} checkpoint again`,
    memory: memoryGoal,
    work: 0.2,
    contenders: [first, ...syncs(world, bucket, unpacking(path))],
    before: standing(first, world),
    outcome: async (kind) => writesOf(await world.state(), kind),
  };
};

function common(world: World, url: string, goals: UploadGoals, limits: readonly Contender[]) {
  const { path } = oneCheckpoint(world);
  return {
    ...countedBy(world),
    memory: memoryGoal,
    before: () => world.reset(),
    outcome: async () => uploadedOf(await world.state()),
    contenders: [
      syncing(world, path, url),
      ...uploaders(world, { url, place: checkpointPlace }, unpacking(path), goals),
      ...limits,
    ],
  };
}

/** Thousands of small files: the cost of a request counts, not that of a byte. */
export const smallFiles: RowMaker = async (world) => {
  const small = world.quick ? 1_000 : 5_000;
  const path = join(world.folder, "small_2611.tar");
  if (!existsSync(path)) writeCheckpoint(path, { large: 0, largeBytes: 0, small, smallBytes: 20_000 });
  const place = "acme-models/checkpoints/small/small_2611/";
  return {
    ...countedBy(world),
    id: "small-files",
    title: `A tar of ${small.toLocaleString("en-US")} files of 20 KB, over TLS into an S3 that discards`,
    label: `${small.toLocaleString("en-US")} small files`,
    memory: memoryGoal,
    before: () => world.reset(),
    outcome: async () => uploadedOf(await world.state()),
    contenders: [
      product(world, "sync-checkpoints", {
        checkpoints: `small=${path}`,
        bucket: "acme-models",
        prefix: "checkpoints",
      }),
      ...uploaders(world, { url: world.bucketUrl, place }, unpacking(path)),
    ],
  };
};
