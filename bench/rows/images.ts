import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { line, peer, product } from "../contenders.ts";
import { type Layer, writeImage } from "../data/images.ts";
import { pushedOf, type RowMaker } from "../row.ts";
import type { World } from "../world.ts";

const mebibyte = 1_048_576;

/** Six images that share two of their three layers: 1.2 GB, of which 0.4 GB differ. */
function sharedArchives(world: World): string {
  const scale = world.quick ? 0.2 : 1;
  const layer = (seed: string, size: number): Layer => ({ seed, size: size * scale * 1_000_000 });
  return archives(world, "shared", 6, (index) => [layer("base", 100), layer("runtime", 60), layer(`own ${index}`, 40)]);
}

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

export const sharedOverNetwork: RowMaker = async (world) => {
  const folder = sharedArchives(world);
  const registry = world.slowRegistry;
  const { skopeo, oras, crane } = world.peers;
  const options = ["--preserve-digests", "--dest-tls-verify=false"];
  return {
    id: "images-slow",
    title: "Six archives that share layers (1.2 GB, 0.4 GB of it different) at 40 ms and 60 MB/s a connection",
    memory: 200 * mebibyte,
    before: () => world.reset(),
    outcome: async () => pushedOf(await world.state()),
    contenders: [
      product(world, "push-images", { bundle: folder }, { registry }),
      peer(
        world,
        "skopeo, one by one",
        loop(folder, `${line(...skopeo, "copy", ...options)} "oci-archive:$a" "docker://${registry}/$n:1.0"`),
      ),
      peer(
        world,
        "oras, one by one",
        loop(
          folder,
          `${line(...oras, "cp", "--concurrency", "16", "--from-oci-layout")} "$a:1.0" --to-plain-http "${registry}/$n:1.0"`,
        ),
        { goal: 2.5 },
      ),
      peer(
        world,
        "tar + crane, one by one",
        loop(
          folder,
          `mkdir "{}/$n"; tar -xf "$a" -C "{}/$n"; ${line(...crane, "push", "--insecure")} "{}/$n" "${registry}/$n:1.0"`,
        ),
      ),
    ],
  };
};

/** A compressed bundle of three images: 3.5 GB. */
function compressedBundle(world: World): string {
  const path = join(world.folder, "poolside-2611.tar.gz");
  if (existsSync(path)) return path;
  const size = (world.quick ? 50 : 580) * 1_000_000;
  const folder = archives(world, "bundle", 3, (index) => [
    { seed: `packed ${index}`, size },
    { seed: `more ${index}`, size },
  ]);
  const packed = spawnSync("sh", ["-c", 'tar -C "$0" -cf - . | gzip -1 > "$1"', folder, path]);
  if (packed.status !== 0) throw new Error(`the bundle could not be packed: ${packed.stderr}`);
  rmSync(folder, { recursive: true });
  return path;
}

export const compressedIntoDiscarding: RowMaker = async (world) => {
  const bundle = compressedBundle(world);
  const copy = `${line(...world.peers.skopeo, "copy", "--preserve-digests", "--dest-tls-verify=false")} "oci-archive:$a" "docker://${world.registry}/$n:1.0"`;
  return {
    id: "bundle",
    title: "A compressed bundle (`.tar.gz`) of 3.5 GB, into a registry that discards",
    memory: 450 * mebibyte,
    limits:
      "A gzip stream is inflated by one thread (the limit: gzip alone), and everything else runs beside it only where a processor is idle.",
    before: () => world.reset(),
    outcome: async () => pushedOf(await world.state()),
    contenders: [
      product(world, "push-images", { bundle }),
      peer(world, "tar -xzf + skopeo", `${line("tar", "-xzf", bundle, "-C", "{}")} && ${loop("{}", copy)}`, {
        goal: 6,
      }),
      peer(world, "gzip -t alone", line("gzip", "-t", bundle), { kind: "limit" }),
    ],
  };
};

/** A folder of `count` small images, for how cost grows with their number. */
export function manyImages(world: World, count: number): string {
  const folder = archives(world, `images-${count}`, count, (index) => [
    { seed: "base", size: 5_000_000 },
    { seed: `small ${index}`, size: 1_000_000 },
  ]);
  if (readdirSync(join(folder, "containers")).length !== count) throw new Error(`${folder} has not ${count} archives`);
  return folder;
}
