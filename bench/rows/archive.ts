import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { line, peer, product } from "../contenders.ts";
import { writeImage } from "../data/images.ts";
import { curling, hashing, pouring } from "../limits.ts";
import { bytesOf, countedBy, memoryGoal, pushedOf, type Row, type RowMaker, writesOf } from "../row.ts";
import { standing } from "../run.ts";
import type { World } from "../world.ts";

const layers = 5;

/** An archive of five layers: 1 GB, or 0.4 GB. What the slow network or the disk of a registry makes long is as telling with less. */
export function oneArchive(world: World, size: "large" | "small" = "large") {
  const bytes = size === "large" ? 1e9 : 4e8;
  const path = join(world.folder, `${size}/atlas__1.0.tar`);
  const contents = Array.from({ length: layers }, (_, index) => ({ seed: `layer ${index}`, size: bytes / layers }));
  mkdirSync(join(world.folder, size), { recursive: true });
  if (!existsSync(path)) writeImage(path, "1.0", contents);
  return { path, bytes, text: bytesOf(bytes) };
}

/** Into a registry that discards what it gets: the tools alone. */
export const archiveIntoDiscarding: RowMaker = async (world) => {
  const archive = oneArchive(world);
  return {
    ...common(world, archive.path, world.registry, { skopeo: 2 }, [
      curling(world, `http://${world.registry}`, archive.path),
      pouring(world, `http://${world.registry}`, archive.path, 16),
    ]),
    ...countedBy(world),
    id: "archive",
    title: `One image archive of ${archive.text} in 5 layers, into a registry that discards`,
    label: `${archive.text} archive`,
    outcome: async () => pushedOf(await world.state()),
  };
};

/** Over a network with latency and a limit for each connection. */
export const archiveOverNetwork: RowMaker = async (world) => {
  const archive = oneArchive(world, world.quick ? "small" : "large");
  return {
    ...common(world, archive.path, world.slowRegistry, { skopeo: 5, oras: 1.8 }, [
      pouring(world, `http://${world.slowRegistry}`, archive.path, layers),
    ]),
    ...countedBy(world),
    id: "archive-slow",
    title: `The archive of ${archive.text} at 40 ms and 60 MB/s a connection`,
    label: `${archive.text} archive, slow network`,
    outcome: async () => pushedOf(await world.state()),
  };
};

/** Into a registry that others wrote, which hashes and writes to a disk. */
export const archiveIntoRegistry: RowMaker = async (world) => {
  const archive = oneArchive(world, world.quick ? "small" : "large");
  return {
    ...common(world, archive.path, world.realRegistry, {}, []),
    id: "archive-registry",
    title: `The archive of ${archive.text} into docker-registry, which hashes it and writes it to a disk`,
    label: `${archive.text} archive, docker-registry`,
    // The registry itself holds every digest against the bytes; the tag names the manifest.
    outcome: async () => {
      const accept = "application/vnd.oci.image.manifest.v1+json";
      const answer = await fetch(`http://${world.realRegistry}/v2/atlas/manifests/1.0`, { headers: { accept } });
      if (answer.status !== 200) throw new Error(`docker-registry answers ${answer.status} for the tag`);
      return `${answer.headers.get("docker-content-digest")}`;
    },
  };
};

/** Everything is there already: nothing is written, and no layer is read. */
export const archiveAgain: RowMaker = async (world) => {
  const archive = oneArchive(world);
  const row = common(world, archive.path, world.registry, {}, []);
  return {
    ...row,
    ...countedBy(world),
    id: "archive-again",
    title: `The archive of ${archive.text} again, when everything is there`,
    label: `${archive.text} archive again`,
    work: 0.15,
    contenders: row.contenders.filter(({ kind }) => kind !== "limit"),
    before: standing(row.contenders[0]!, world),
    outcome: async (kind) => writesOf(await world.state(), kind),
  };
};

type Goals = Readonly<Partial<Record<"skopeo" | "oras", number>>>;

function common(world: World, archive: string, registry: string, goals: Goals, limits: Row["contenders"]) {
  const goal = (name: keyof Goals) => (goals[name] === undefined ? {} : { goal: goals[name] });
  const { skopeo, oras, crane } = world.peers;
  const layout = ["--from-oci-layout", `${archive}:1.0`, "--to-plain-http", `${registry}/atlas:1.0`];
  const unpack = `${line("tar", "-xf", archive, "-C", "{}")} && `;
  const inputs = { bundle: archive, concurrency: "16" };
  return {
    memory: memoryGoal,
    before: () => world.reset(),
    contenders: [
      product(world, "push-images", inputs, { registry }),
      peer(
        world,
        "skopeo",
        line(
          ...[...skopeo, "copy", "--preserve-digests", "--dest-tls-verify=false"],
          ...[`oci-archive:${archive}`, `docker://${registry}/atlas:1.0`],
        ),
        goal("skopeo"),
      ),
      peer(world, "oras", line(...oras, "cp", ...layout), goal("oras")),
      peer(world, "oras, 16 at once", line(...oras, "cp", "--concurrency", "16", ...layout)),
      peer(world, "tar + crane", `${unpack}${line(...crane, "push", "--insecure", "{}", `${registry}/atlas:1.0`)}`),
      hashing(world, archive),
      ...limits,
    ],
  } satisfies Omit<Row, "id" | "title" | "label" | "outcome">;
}
