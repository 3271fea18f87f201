import { existsSync } from "node:fs";
import { join } from "node:path";
import { line, peer, product } from "../contenders.ts";
import { writeCheckpoint } from "../data/checkpoints.ts";
import { pushedOf, type RowMaker, uploadedOf } from "../row.ts";
import { oneArchive } from "./archive.ts";
import { oneCheckpoint, s3Peers } from "./checkpoint.ts";

const mebibyte = 1_048_576;
const received =
  "What comes over TLS comes in pieces of 16 KiB, each a buffer of its own: a profile shows V8's collector at a quarter of the processor time, and what it has not collected yet is resident.";

/** Thousands of small files: the cost of a request counts, not that of a byte. */
export const smallFiles: RowMaker = async (world) => {
  const tar = join(world.folder, "small_2611.tar");
  const small = world.quick ? 1_000 : 5_000;
  if (!existsSync(tar)) writeCheckpoint(tar, { large: 0, largeBytes: 0, small, smallBytes: 20_000 });
  return {
    id: "small-files",
    title: "A tar of 5,000 files of 20 KB, over TLS into an S3 that discards",
    memory: 200 * mebibyte,
    before: () => world.reset(),
    outcome: async () => uploadedOf(await world.state()),
    contenders: [
      product(world, "sync-checkpoints", {
        checkpoints: `small=${tar}`,
        bucket: "acme-models",
        prefix: "checkpoints",
      }),
      ...s3Peers(world, world.bucketUrl, tar, "acme-models/checkpoints/small/small_2611/", {}),
    ],
  };
};

/** The source is behind a URL: nothing is stored on the way, where others download first. */
export const archiveFromUrl: RowMaker = async (world) => {
  oneArchive(world);
  const url = `${world.bucketUrl}/files/atlas__1.0.tar`;
  const { skopeo } = world.peers;
  const copy = line(
    ...[...skopeo, "copy", "--preserve-digests", "--dest-tls-verify=false"],
    ...["oci-archive:{}/atlas.tar", `docker://${world.registry}/atlas:1.0`],
  );
  return {
    id: "archive-url",
    title: "The archive of 1 GB behind an https URL, into a registry that discards",
    memory: 200 * mebibyte,
    limits: received,
    before: () => world.reset(),
    outcome: async () => pushedOf(await world.state()),
    contenders: [
      product(world, "push-images", { bundle: "env:BUNDLE_URL" }, {}, { BUNDLE_URL: url }),
      peer(world, "curl + skopeo", `${download(world.authority, url, "{}/atlas.tar")} && ${copy}`),
      peer(world, "curl alone", download(world.authority, url, "/dev/null"), { kind: "limit" }),
    ],
  };
};

export const checkpointFromUrl: RowMaker = async (world) => {
  oneCheckpoint(world);
  const url = `${world.bucketUrl}/files/laguna_2611.tar`;
  const place = "acme-models/checkpoints/laguna/laguna_2611/";
  const fetched = "{}/../laguna_2611.tar";
  return {
    id: "checkpoint-url",
    title: "The checkpoint tar of 1.6 GB behind an https URL, into an S3 that discards",
    memory: 200 * mebibyte,
    limits: received,
    before: () => world.reset(),
    outcome: async () => uploadedOf(await world.state()),
    contenders: [
      product(
        world,
        "sync-checkpoints",
        { checkpoints: "laguna=env:CHECKPOINT_URL", bucket: "acme-models", prefix: "checkpoints" },
        {},
        { CHECKPOINT_URL: url },
      ),
      ...s3Peers(
        world,
        world.bucketUrl,
        fetched,
        place,
        {},
        {
          name: "curl + ",
          command: `${download(world.authority, url, fetched)} && `,
        },
      ),
    ],
  };
};

function download(authority: string, url: string, to: string): string {
  return line("curl", "-sSf", "--cacert", authority, "-o", to, url);
}
