import { UserError } from "../errors.ts";
import type { TarMember } from "./member.ts";
import { holdsControl, shown } from "./names.ts";

/** Refuses a member that is no plain file or folder, or whose path could lead somewhere else. Pure. Errors: `TAR_TYPE_REFUSED`, `TAR_PATH_UNSAFE`. */
export function refuseUnsafe(member: TarMember, label: string): void {
  if (member.type !== "file" && member.type !== "folder") throw refusedType(member, label);
  const why = unsafe(member);
  if (why)
    throw new UserError("TAR_PATH_UNSAFE", {
      happened: `${label} holds the path ${shown(member.path)}, which ${why}.`,
      next: "Do not use this archive; ask whoever made it for one with plain relative paths.",
    });
}

/** A path without `.` and empty parts and without a slash at its end: `./a//b/` is `a/b`, and `./` is empty. Unicode in its composed form. */
export function normalPath(path: string): string {
  return path
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/")
    .normalize("NFC");
}

/** Remembers the paths of one archive. */
export interface PathGuard {
  /** Judges the next member by itself and beside those before it; gives its normal path. Errors: those of `refuseUnsafe`, `TAR_DUPLICATE`. */
  admit(member: TarMember): string;
}

/** Guards one archive against unsafe members, a file that occurs twice (also in another spelling of its path), and one that is both file and folder. */
export function guardPaths(label: string): PathGuard {
  const files = new Set<string>();
  const folders = new Set<string>();
  return {
    admit(member) {
      refuseUnsafe(member, label);
      const path = normalPath(member.path);
      const parents = parentsOf(path);
      const twice = files.has(path) || (member.type === "file" && folders.has(path)) ? path : undefined;
      const beneath = twice ?? parents.find((parent) => files.has(parent));
      if (beneath !== undefined)
        throw new UserError("TAR_DUPLICATE", {
          happened: `${label} holds ${shown(beneath)} twice${twice ? "" : " (as a file and as a folder)"}, so it is not clear what is meant.`,
          next: "Make the archive again from its folder, or ask whoever made it.",
        });
      for (const parent of parents) folders.add(parent);
      if (path !== "") (member.type === "file" ? files : folders).add(path);
      return path;
    },
  };
}

function parentsOf(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

function refusedType(member: TarMember, label: string): UserError {
  const target = member.linkpath && member.type.endsWith("link") ? ` to ${shown(member.linkpath)}` : "";
  return new UserError("TAR_TYPE_REFUSED", {
    happened: `${label} holds ${shown(member.path)}, a ${words[member.type] ?? member.type}${target}; only files and folders are taken.`,
    next: "Make the archive again with plain files: tar --dereference --hard-dereference -cf NEW.tar FOLDER",
  });
}

const words: Readonly<Partial<Record<TarMember["type"], string>>> = {
  symlink: "symbolic link",
  hardlink: "hard link",
  "character-device": "device",
  "block-device": "device",
  fifo: "FIFO",
  sparse: "sparse file",
  other: "member of an unknown type",
};

/** Why a path is not safe; `undefined` when it is. */
function unsafe({ path, type, size }: TarMember): string | undefined {
  if (path.startsWith("/")) return "is absolute";
  if (path.includes("\\")) return "holds a backslash";
  if (holdsControl(path)) return "holds a control character";
  if (path.includes("\ufffd")) return "is no valid UTF-8";
  if (path.split("/").includes("..")) return "leads upwards (..)";
  if (type === "folder" && size > 0) return "is a folder that holds data";
  // The archive's own root, `./`, is the one folder without a name.
  if (normalPath(path) === "" && (path === "" || type === "file")) return "is empty";
  return undefined;
}
