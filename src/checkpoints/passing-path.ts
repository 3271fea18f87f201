import { UserError } from "../errors.ts";
import { isLeftOut, placesOf, type Strip } from "./layout.ts";

/**
 * Where the files of an archive go while it passes, before all of it is known: `undefined` for bookkeeping. The first file names the top folder in
 * `auto`; what needs no other names than those that passed is refused at once, so that nothing is uploaded under a wrong key, and the rest at the end, by
 * `layOut`. `prefixLength` is the length in bytes of the key before the path.
 */
export function destinationOf(strip: Strip, label: string, prefixLength: number): (path: string) => string | undefined {
  const place = placesOf(label, prefixLength);
  let top: string | undefined;
  return (path) => {
    if (isLeftOut(path)) return undefined;
    const segments = path.split("/");
    const depth = strip === "auto" ? 1 : strip;
    if (segments.length <= depth) throw noFolder(path, depth, label);
    top ??= segments[0];
    if (strip === "auto" && segments[0] !== top) throw severalFolders(top!, segments[0]!, label);
    const destination = segments.slice(depth).join("/");
    return isLeftOut(destination) ? undefined : place(destination);
  };
}

function noFolder(path: string, depth: number, label: string): UserError {
  return new UserError("CHECKPOINT_TOP_FOLDER", {
    happened: `${path} in ${label} lies above the ${depth === 1 ? "top folder" : `${depth} folders`} that is stripped.`,
    next: "Set strip-components: 0 if the files lie at the archive's root as they should, or repack it with one top folder.",
  });
}

function severalFolders(first: string, other: string, label: string): UserError {
  return new UserError("CHECKPOINT_TOP_FOLDER", {
    happened: `${label} must hold exactly one top folder with the checkpoint's files in it; it holds ${first}/ and ${other}/.`,
    next: "Repack it with one top folder, or set strip-components.",
  });
}
