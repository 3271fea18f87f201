import { manifestPath } from "./manifest.ts";

/** What the reference architecture's uploader writes when all files are there. */
export const completionMarker = ".checkpoint-complete";

/** Our manifest, the reference architecture's marker, and the empty objects that consoles make for folders. */
export function isBookkeeping(path: string): boolean {
  return path.startsWith(".eks-deploy/") || path === completionMarker || path === "" || path.endsWith("/");
}

/**
 * Tells of a path whether it lies in a folder that is marked as a complete checkpoint of its own: one of the versions below a prefix that is filled
 * flat, for example.
 */
export function otherCheckpoints(paths: Iterable<string>): (path: string) => boolean {
  const folders: string[] = [];
  for (const path of paths) {
    const marker = [manifestPath, completionMarker].find((name) => path.endsWith(`/${name}`));
    if (marker !== undefined) folders.push(path.slice(0, -marker.length));
  }
  return (path) => folders.some((folder) => path.startsWith(folder));
}
