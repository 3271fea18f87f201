import type { Goal } from "./goal.ts";
import { notVerified, readManifest } from "./registry/manifests.ts";
import type { Wire } from "./registry/wire.ts";

/** Reads every pushed image back by its tag, and computes the digest of what the registry gives: only then it is called done. */
export async function readBack(
  goals: readonly Pick<Goal, "repository" | "tag" | "digest">[],
  wire: Wire,
): Promise<void> {
  await Promise.all(
    goals.map(async ({ repository, tag, digest }) => {
      const found = await readManifest(wire, repository, digest.startsWith("sha256:") ? tag : digest);
      if (found?.digest !== digest) throw notVerified(`${repository}:${tag}`, digest, found?.digest);
    }),
  );
}
