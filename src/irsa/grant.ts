import { UserError } from "../errors.ts";
import { parsePrefix } from "../facts/prefix.ts";
import type { Grant } from "./documents.ts";
import type { Place, Reach } from "./identity.ts";
import { type Atom, atomsOf } from "./meaning.ts";

type Raw = Readonly<Record<string, unknown>>;

/** What the policy shall grant. `standing` is the policy that is there: with only some models at work, what it grants of the others stays. */
export function grantOf(reach: Reach, place: Place, keyArn: string | undefined, standing: Raw | undefined): Grant {
  const folders = foldersOf(reach);
  const { bucket, partial } = reach;
  const before = partial && standing ? standingFolders(standing, `arn:${place.partition}:s3:::${bucket}/`) : [];
  return {
    partition: place.partition,
    bucket,
    folders: folders && before && [...new Set([...folders, ...before])].sort(),
    keyArn,
  };
}

/**
 * The models' folders; absent with `scope: bucket`. All versions of a model lie in its folder, so that old pods and a rollback keep their access
 * and a new version changes no policy.
 */
function foldersOf({ bucket, scope, prefixes }: Reach): readonly string[] | undefined {
  const entries = Object.entries(prefixes);
  const folders = entries.map(([key, uri]) => {
    const place = parsePrefix(uri);
    if (place?.bucket !== bucket) throw elsewhere(key, uri, bucket);
    return modelFolder(key, place.key);
  });
  if (scope === "bucket") return undefined;
  if (folders.length === 0)
    throw new UserError("IRSA_NO_PREFIXES", {
      happened: "scope is prefixes, and there are no prefixes to grant.",
      next: "Give prefixes (the output of sync-checkpoints), or set scope: bucket.",
    });
  if (folders.includes("")) return undefined;
  return [...new Set(folders)].sort();
}

/** `checkpoints/point/2611/` of the model `point` -> `checkpoints/point/`; a prefix that is laid out otherwise stays as it is. */
function modelFolder(key: string, prefix: string): string {
  const version = new RegExp(`^(.*/)?${key.replace(/[^\w-]/g, "\\$&")}/(?=[^/]+/$)`).exec(prefix);
  return version?.[0] ?? prefix;
}

/** Folders that a policy of ours grants now; absent when it grants the whole bucket. */
function standingFolders(document: Raw, base: string): readonly string[] | undefined {
  const resources = atomsOf(document)
    .filter(readsObjects)
    .map((atom) => atom.resource!.names[0]!);
  if (resources.includes(`${base}*`)) return undefined;
  return resources
    .filter((resource) => resource.startsWith(base) && resource.endsWith("/*"))
    .map((resource) => resource.slice(base.length, -1).replace(/\$\{([*?$])\}/g, "$1"));
}

function readsObjects({ effect, action, resource }: Atom): boolean {
  return effect === "Allow" && !action.not && action.names[0]!.toLowerCase() === "s3:getobject" && !resource?.not;
}

function elsewhere(key: string, uri: string, bucket: string): UserError {
  return new UserError("IRSA_PREFIX_ELSEWHERE", {
    happened: `The checkpoints of ${key} lie at ${uri}; the policy is for the bucket ${bucket}, so the pods could not read them.`,
    next: `Put them below s3://${bucket}/, or correct bucket.`,
  });
}
