import type { Source } from "../bytes/source.ts";
import { UserError } from "../errors.ts";
import type { PassingMember } from "../tar/read.ts";
import type { Chart } from "./chart.ts";
import type { ArchiveName } from "./names.ts";

/** An image archive of a bundle that can be read at random. */
export interface BundleArchive {
  readonly name: ArchiveName;
  readonly source: Source;
}

/** A file of a bundle: a member of its tar, or an object below its prefix. */
export interface BundleFile {
  /** Below the bundle's place, judged and normal; with slashes. */
  readonly path: string;
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  open(): Promise<Source>;
}

/** What a bundle's files are. */
export interface OpenedFiles {
  readonly archives: readonly BundleArchive[];
  readonly chart: Chart | undefined;
  /** Small parts (charts too) and the top folder (`name/`, or empty), for `extract-to`. */
  readonly parts: readonly BundleFile[];
  readonly root: string;
}

/** A bundle whose archives can be read at random: a folder, a prefix in S3, one archive, or an uncompressed tar of everything. */
export interface ArchiveBundle extends OpenedFiles {
  readonly kind: "archives";
  readonly label: string;
  /** Folder that holds charts and scripts; absent for what is not on this disk. */
  readonly folder: string | undefined;
  /** The one file that all is read from; absent for folders and prefixes. */
  readonly file: Source | undefined;
  close(): Promise<void>;
}

/** A compressed bundle: it passes once, from its first byte to its last, as often as it is asked. */
export interface StreamBundle {
  readonly kind: "stream";
  readonly label: string;
  /** Stands for the bytes: size and ETag, or path, size and time. */
  readonly identity: string;
  /** Bytes, compressed. */
  readonly size: number;
  /** One pass. `onRead` hears of the compressed bytes, as they lie in the source. */
  pass(signal: AbortSignal, onRead: (chunk: Uint8Array) => void): AsyncIterable<Piece>;
  close(): Promise<void>;
}

export type Bundle = ArchiveBundle | StreamBundle;

/** A part of a bundle that passes once. What is not read before the next piece is asked for is skipped. */
export type Piece =
  | {
      readonly kind: "archive";
      readonly name: ArchiveName;
      readonly root: string | undefined;
      readonly members: AsyncIterable<PassingMember>;
    }
  /** `below` is the path below `charts/`. */
  | {
      readonly kind: "chart";
      readonly path: string;
      readonly below: string;
      readonly root: string;
      readonly passing: PassingMember;
    }
  | { readonly kind: "part"; readonly path: string; readonly root: undefined; readonly passing: PassingMember };

/** The refusal to go on without a bundle. */
export function noBundle(happened: string, next: string): UserError {
  return new UserError("BUNDLE_NOT_FOUND", { happened, next });
}

/** The refusal of a place that is no bundle; `found` is what lies there. */
export function notABundle(label: string, found: readonly string[]): UserError {
  const some = found.slice(0, 6).join(", ");
  return new UserError("BUNDLE_NOT_ONE", {
    happened: `${label} is no deployment bundle, no folder of image archives and no image archive; it holds ${some === "" ? "nothing" : `${some}${found.length > 6 ? ", ..." : ""}`}.`,
    next:
      unpackedLayout(found) ??
      "Give the folder that holds scripts/, containers/ and charts/, or the archive that Poolside sent, unchanged; image archives are named <image-name>__<tag>.tar.",
  });
}

/** What to do about an image layout that is not packed, or with a folder around it; `undefined` where there is none among `found`. */
export function unpackedLayout(found: readonly string[]): string | undefined {
  const marker = found.find((path) => /(^|\/)oci-layout$/.test(path));
  const folder = marker?.slice(0, -"/oci-layout".length);
  return (
    marker &&
    `An image layout lies in the folder ${folder || "."}; pack it from inside, under the name of an image archive: tar -C ${folder || "."} -cf <image-name>__<tag>.tar .`
  );
}

/** The refusal of a bundle without image archives; what ends in `.tar` among `found` may be meant, and lies in the wrong place. */
export function noImages(label: string, found: readonly string[] = []): UserError {
  const some = found.filter((path) => /\.tar$/i.test(path)).slice(0, 6);
  const misplaced = some.length === 0 ? "" : `; it holds ${some.join(", ")}`;
  return new UserError("BUNDLE_NO_IMAGES", {
    happened: `${label} holds no image archive at containers/<image-name>__<anything>.tar, with or without one folder above${misplaced}.`,
    next: unpackedLayout(found) ?? "Check that the bundle is complete and that its files keep their names.",
  });
}

/** The refusal of an archive that is compressed inside the bundle. */
export function compressedArchive(label: string, file: string): UserError {
  return new UserError("BUNDLE_ARCHIVE_COMPRESSED", {
    happened: `${label} holds the image archive ${file}, which is compressed itself.`,
    next: "Use the bundle as Poolside sent it: its archives are plain .tar files. Or unpack this one: gunzip, or zstd -d.",
  });
}
