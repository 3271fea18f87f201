import { line, peer, product } from "../contenders.ts";
import { downloading } from "../limits.ts";
import { countedBy, memoryGoal, pushedOf, type RowMaker, uploadedOf } from "../row.ts";
import type { World } from "../world.ts";
import { oneArchive } from "./archive.ts";
import { checkpointPlace, oneCheckpoint } from "./checkpoint.ts";
import { unpacking, uploaders } from "./uploads.ts";

/** URL of a file of the world's folder. */
function urlOf(world: World, path: string): string {
  return `${world.bucketUrl}/files/${path.slice(world.folder.length + 1)}`;
}

function download(world: World, url: string, to: string): string {
  return line("curl", "-sSf", "--cacert", world.authority, "-o", to, url);
}

/** The source is behind a URL: nothing is stored on the way, where others download first. */
export const archiveFromUrl: RowMaker = async (world) => {
  const { path, text } = oneArchive(world, world.quick ? "small" : "large");
  const url = urlOf(world, path);
  const copy = line(
    ...[...world.peers.skopeo, "copy", "--preserve-digests", "--dest-tls-verify=false"],
    ...["oci-archive:{}/atlas.tar", `docker://${world.registry}/atlas:1.0`],
  );
  const layout = line(
    ...[...world.peers.oras, "cp", "--concurrency", "16", "--from-oci-layout", "{}/atlas.tar:1.0"],
    ...["--to-plain-http", `${world.registry}/atlas:1.0`],
  );
  const fetched = download(world, url, "{}/atlas.tar");
  return {
    ...countedBy(world),
    id: "archive-url",
    title: `The archive of ${text} behind an https URL, into a registry that discards`,
    label: `${text} archive behind https`,
    memory: memoryGoal,
    before: () => world.reset(),
    outcome: async () => pushedOf(await world.state()),
    contenders: [
      product(world, "push-images", { bundle: "env:BUNDLE_URL" }, {}, { BUNDLE_URL: url }),
      peer(world, "curl + skopeo", `${fetched} && ${copy}`),
      peer(world, "curl + oras", `${fetched} && ${layout}`),
      downloading(world, url),
    ],
  };
};

export const checkpointFromUrl: RowMaker = async (world) => {
  const { path, text } = oneCheckpoint(world);
  const url = urlOf(world, path);
  const to = "{}/../laguna_2611.tar";
  const unpack = unpacking(to);
  const first = { name: `curl + ${unpack.name}`, command: `${download(world, url, to)} && ${unpack.command}` };
  const inputs = { checkpoints: "laguna=env:CHECKPOINT_URL", bucket: "acme-models", prefix: "checkpoints" };
  return {
    ...countedBy(world),
    id: "checkpoint-url",
    title: `The checkpoint tar of ${text} behind an https URL, into an S3 that discards`,
    label: `${text} checkpoint behind https`,
    memory: memoryGoal,
    before: () => world.reset(),
    outcome: async () => uploadedOf(await world.state()),
    contenders: [
      product(world, "sync-checkpoints", inputs, {}, { CHECKPOINT_URL: url }),
      ...uploaders(world, { url: world.bucketUrl, place: checkpointPlace }, first),
      downloading(world, url),
    ],
  };
};
