import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { line, peer, product } from "../contenders.ts";
import { type Layer, writeImage } from "../data/images.ts";
import { inflating, pouring } from "../limits.ts";
import { bytesOf, countedBy, memoryGoal, pushedOf, type RowMaker } from "../row.ts";
import type { World } from "../world.ts";

/** Compressed sources may hold more: their layers come in the archive's order. */
const compressedMemoryGoal = 450 * 1_048_576;

/** Writes `count` archives into a folder of their own, once. */
function archives(world: World, name: string, count: number, layers: (index: number) => readonly Layer[]): string {
  const folder = join(world.folder, name);
  if (existsSync(folder)) return folder;
  mkdirSync(join(folder, "containers"), { recursive: true });
  for (let index = 1; index <= count; index += 1)
    writeImage(join(folder, "containers", `image-${index}__1.0.tar`), "1.0", layers(index));
  return folder;
}

/** The loop of the guide's own script, for each archive of a folder; `push` sees it as $a, and the image's name as $n. */
function loop(folder: string, push: string): string {
  return `for a in ${folder}/containers/*.tar; do n=$(basename "$a" __1.0.tar); ${push}; done`;
}

/** The same for all archives at once; fails where one does. */
function atOnce(folder: string, push: string): string {
  return `pids=; ${loop(folder, `${push} & pids="$pids $!"`)}; for pid in $pids; do wait "$pid"; done`;
}

/** Six images that share two of their three layers. */
export const sharedOverNetwork: RowMaker = async (world) => {
  // A third of their bytes, in which the shared layers are as large a part.
  const unit = world.quick ? 400_000 : 1_000_000;
  const layer = (seed: string, units: number): Layer => ({ seed, size: units * unit });
  const folder = archives(world, "shared", 6, (index) => [
    layer("base", 100),
    layer("runtime", 60),
    layer(`own ${index}`, 40),
  ]);
  const registry = world.slowRegistry;
  const { skopeo, oras, crane } = world.peers;
  const withSkopeo = `${line(...skopeo, "copy", "--preserve-digests", "--dest-tls-verify=false")} "oci-archive:$a" "docker://${registry}/$n:1.0"`;
  const withOras = `${line(...oras, "cp", "--concurrency", "16", "--from-oci-layout")} "$a:1.0" --to-plain-http "${registry}/$n:1.0"`;
  const withCrane = `mkdir "{}/$n"; tar -xf "$a" -C "{}/$n"; ${line(...crane, "push", "--insecure")} "{}/$n" "${registry}/$n:1.0"`;
  return {
    ...countedBy(world),
    id: "images-slow",
    title: `Six archives that share layers (${bytesOf(1_200 * unit)}, ${bytesOf(400 * unit)} of it different) at 40 ms and 60 MB/s a connection`,
    label: "Six archives, shared layers, slow network",
    memory: memoryGoal,
    before: () => world.reset(),
    outcome: async () => pushedOf(await world.state()),
    contenders: [
      product(world, "push-images", { bundle: folder }, { registry }),
      peer(world, "skopeo, one by one", loop(folder, withSkopeo)),
      peer(world, "oras, one by one", loop(folder, withOras), { goal: 2.5 }),
      peer(world, "oras, six at once", atOnce(folder, withOras)),
      peer(world, "tar + crane, one by one", loop(folder, withCrane)),
    ],
  };
};

/** A compressed bundle of three images: 3.5 GB, or 1.2 GB. */
function compressedBundle(world: World) {
  const size = (world.quick ? 200 : 580) * 1_000_000;
  const path = join(world.folder, "poolside-2611.tar.gz");
  const bytes = 6 * size;
  if (existsSync(path)) return { path, bytes };
  const folder = archives(world, "bundle", 3, (index) => [
    { seed: `packed ${index}`, size },
    { seed: `more ${index}`, size },
  ]);
  const packed = spawnSync("sh", ["-c", 'tar -C "$0" -cf - . | gzip -1 > "$1"', folder, path]);
  if (packed.status !== 0) throw new Error(`the bundle could not be packed: ${packed.stderr}`);
  rmSync(folder, { recursive: true });
  return { path, bytes };
}

export const compressedIntoDiscarding: RowMaker = async (world) => {
  const { path, bytes } = compressedBundle(world);
  const copy = `${line(...world.peers.skopeo, "copy", "--preserve-digests", "--dest-tls-verify=false")} "oci-archive:$a" "docker://${world.registry}/$n:1.0"`;
  return {
    ...countedBy(world),
    id: "bundle",
    title: `A compressed bundle (.tar.gz) of three images, ${bytesOf(bytes)}, into a registry that discards`,
    label: `${bytesOf(bytes)} compressed bundle`,
    memory: compressedMemoryGoal,
    before: () => world.reset(),
    outcome: async () => pushedOf(await world.state()),
    contenders: [
      product(world, "push-images", { bundle: path }),
      peer(world, "tar -xzf + skopeo", `${line("tar", "-xzf", path, "-C", "{}")} && ${loop("{}", copy)}`, { goal: 6 }),
      inflating(world, path),
      pouring(world, `http://${world.registry}`, path, 16),
    ],
  };
};

/** A folder of `count` small images, for how cost grows with their number. */
export function manyImages(world: World, count: number) {
  const folder = archives(world, `images-${count}`, count, (index) => [
    { seed: "base", size: 5_000_000 },
    { seed: `small ${index}`, size: 1_000_000 },
  ]);
  const found = readdirSync(join(folder, "containers"));
  if (found.length !== count) throw new Error(`${folder} has not ${count} archives`);
  return { folder, bytes: found.reduce((sum, name) => sum + statSync(join(folder, "containers", name)).size, 0) };
}
