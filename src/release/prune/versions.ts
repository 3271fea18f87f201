import type { Context } from "../../action/context.ts";
import type { Aws } from "../../aws/session.ts";
import { manifestPath } from "../../facts/manifest.ts";
import { type ListedObject, listPrefix, type Prefix } from "../../facts/prefix.ts";

/** Says that a version is being removed: a run that was cut off in the middle is made good by the next. */
export const tombstonePath = ".eks-deploy/pruned.json";

/** One version of a model's checkpoint in the bucket. */
export interface Version {
  readonly key: string;
  readonly prefix: Prefix;
  readonly objects: readonly ListedObject[];
  readonly bytes: number;
  /** It has our manifest, or a removal of it was begun; anything else is a stranger's or not finished, and stays. */
  readonly ours: boolean;
}

/** All `<prefix>/<key>/<version>/` of a bucket. One listing. */
export async function listVersions(place: Prefix, aws: Aws, owner: string, ctx: Context): Promise<readonly Version[]> {
  const objects = await listPrefix(place, aws, ctx.signal, owner);
  const groups = Map.groupBy(objects, ({ path }) => /^([^/]+\/[^/]+\/)./.exec(path)?.[1] ?? "");
  groups.delete("");
  return [...groups].map(([folder, members]) => {
    const own = members.map((object) => ({ ...object, path: object.path.slice(folder.length) }));
    return {
      key: folder.split("/")[0]!,
      prefix: { bucket: place.bucket, key: `${place.key}${folder}` },
      objects: own,
      bytes: own.reduce((sum, { size }) => sum + size, 0),
      ours: own.some(({ path }) => path === manifestPath || path === tombstonePath),
    };
  });
}
