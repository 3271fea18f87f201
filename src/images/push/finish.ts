import type { Goal } from "../goal.ts";
import type { Manifest } from "../oci/manifest.ts";
import { takenTag } from "../plan.ts";
import { putManifest, tagDigest } from "../registry/manifests.ts";
import type { Wire } from "../registry/wire.ts";

type Place = Pick<Goal, "repository" | "digest">;

/**
 * Writes manifests by digest, in their order: children before parents, so that each finds what it refers to. The root goes by digest only where
 * something is attached to it, or where `all` is said; else its tag is enough. One that stands is not written again; in an `empty` repository
 * nobody asks.
 */
export async function putManifests(
  wire: Wire,
  place: Place,
  manifests: readonly Manifest[],
  { all = false, empty }: { readonly all?: boolean; readonly empty: boolean },
): Promise<void> {
  const root = manifests.findIndex(({ descriptor }) => descriptor.digest === place.digest);
  const attached = manifests.length > root + 1;
  for (const [at, manifest] of manifests.entries()) {
    if (at === root && !attached && !all) continue;
    const { digest } = manifest.descriptor;
    if (!empty && (await tagDigest(wire, place.repository, digest)) === digest) continue;
    await putManifest(wire, place.repository, digest, manifest);
  }
}

/** Writes the tag: the last thing, since from then on the image counts as there. A tag that another run wrote with the same digest is as good. */
export async function putTag(wire: Wire, place: Place & Pick<Goal, "tag">, root: Manifest): Promise<void> {
  const { repository, tag, digest } = place;
  if (await putManifest(wire, repository, tag, root)) return;
  const is = await tagDigest(wire, repository, tag);
  if (is !== digest) throw takenTag(`${repository}:${tag}`, is, digest);
}

export function rootOf(goal: Pick<Goal, "digest">, manifests: readonly Manifest[]): Manifest {
  return manifests.find(({ descriptor }) => descriptor.digest === goal.digest)!;
}
