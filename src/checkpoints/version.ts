import { fileNameOf, type SourceRef } from "../action/references.ts";
import { UserError } from "../errors.ts";
import type { Prefix } from "../facts/prefix.ts";

/** Where models go: `versioned` keeps every version below `<prefix>/<key>/<version>/`, `flat` is the guide's `<prefix>/<key>/`. */
export type LayoutName = "versioned" | "flat";

/** The version of a checkpoint: `given`, else its source's name without extension. A name that is no part of a key is `CHECKPOINT_VERSION`. */
export function versionOf(key: string, ref: SourceRef, given: string | undefined): string {
  const version = given ?? fileNameOf(ref).replace(/(\.tar)?\.(gz|zst)$|\.(tar|tgz|tzst)$/i, "");
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(version)) return version;
  throw new UserError("CHECKPOINT_VERSION", {
    happened: `${key}: "${version}" is no version that is fit for a key in S3 (letters, digits, ".", "_" and "-").`,
    next: `Give one: versions: ${key}=2611`,
  });
}

/** The place of a model's files. */
export function modelPrefix(
  place: { readonly bucket: string; readonly prefix: string; readonly layout: LayoutName },
  key: string,
  version: string,
): Prefix {
  const above = place.prefix.replace(/^\/+|\/+$/g, "");
  const parts = [above, key, place.layout === "versioned" ? version : ""].filter((part) => part !== "");
  return { bucket: place.bucket, key: `${parts.join("/")}/` };
}
