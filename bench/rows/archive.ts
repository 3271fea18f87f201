import { existsSync } from "node:fs";
import { join } from "node:path";
import { line, peer, product } from "../contenders.ts";
import { writeImage } from "../data/images.ts";
import { pushedOf, type Row, type RowMaker, writesOf } from "../row.ts";
import { standing } from "../run.ts";
import type { World } from "../world.ts";

const mebibyte = 1_048_576;

/** One archive of five layers: 1 GB. */
export function oneArchive(world: World): string {
  const path = join(world.folder, "atlas__1.0.tar");
  const scale = world.quick ? 0.2 : 1;
  const layers = [1, 2, 3, 4, 5].map((index) => ({ seed: `layer ${index}`, size: 200_000_000 * scale }));
  if (!existsSync(path)) writeImage(path, "1.0", layers);
  return path;
}

/** Into a registry that discards what it gets: the tools alone. */
export const archiveIntoDiscarding: RowMaker = async (world) => ({
  ...common(world, world.registry, { skopeo: 2 }),
  id: "archive",
  title: "One image archive of 1 GB in 5 layers, into a registry that discards",
  outcome: async () => pushedOf(await world.state()),
});

/** Over a network with latency and a limit for each connection. */
export const archiveOverNetwork: RowMaker = async (world) => ({
  ...common(world, world.slowRegistry, { skopeo: 5, oras: 1.8 }),
  id: "archive-slow",
  title: "The same archive at 40 ms and 60 MB/s a connection",
  outcome: async () => pushedOf(await world.state()),
});

/** Into a registry that others wrote, which hashes and writes to a disk. */
export const archiveIntoRegistry: RowMaker = async (world) => ({
  ...common(world, world.realRegistry, {}),
  id: "archive-registry",
  title: "The same archive into docker-registry",
  // The registry itself holds every digest against the bytes; the tag names the manifest.
  outcome: async () => {
    const accept = "application/vnd.oci.image.manifest.v1+json";
    const answer = await fetch(`http://${world.realRegistry}/v2/atlas/manifests/1.0`, { headers: { accept } });
    return `${answer.status} ${answer.headers.get("docker-content-digest")}`;
  },
});

/** Everything is there already: nothing is written, and no layer is read. */
export const archiveAgain: RowMaker = async (world) => {
  const row = common(world, world.registry, {});
  return {
    ...row,
    id: "archive-again",
    title: "The same archive again, when everything is there",
    work: 0.15,
    contenders: row.contenders.filter(({ kind }) => kind !== "limit"),
    before: standing(row.contenders[0]!, world),
    outcome: async (kind) => writesOf(await world.state(), kind),
  };
};

function common(world: World, registry: string, goals: { readonly skopeo?: number; readonly oras?: number }) {
  const archive = oneArchive(world);
  const goal = (name: "skopeo" | "oras") => (goals[name] === undefined ? {} : { goal: goals[name] });
  const { skopeo, oras, crane } = world.peers;
  const layout = ["--from-oci-layout", `${archive}:1.0`, "--to-plain-http", `${registry}/atlas:1.0`];
  return {
    memory: 200 * mebibyte,
    limits:
      "The start of the process, the sign-in and SHA-256 (the limit) run beside the sending only where a processor is idle; otherwise they add to it.",
    before: () => world.reset(),
    contenders: [
      product(world, "push-images", { bundle: archive, concurrency: "16" }, { registry }),
      peer(
        world,
        "skopeo",
        line(
          ...skopeo,
          ...["copy", "--preserve-digests", "--dest-tls-verify=false"],
          `oci-archive:${archive}`,
          `docker://${registry}/atlas:1.0`,
        ),
        goal("skopeo"),
      ),
      peer(world, "oras", line(...oras, "cp", ...layout), goal("oras")),
      peer(world, "oras, 16 at once", line(...oras, "cp", "--concurrency", "16", ...layout)),
      peer(
        world,
        "tar + crane",
        `${line("tar", "-xf", archive, "-C", "{}")} && ${line(...crane, "push", "--insecure", "{}", `${registry}/atlas:1.0`)}`,
      ),
      peer(world, "SHA-256 alone", line("openssl", "dgst", "-sha256", archive), { kind: "limit" }),
    ],
  } satisfies Omit<Row, "id" | "title" | "outcome">;
}
